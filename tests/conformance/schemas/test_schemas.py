"""EventBridge's schema registry by boto3."""
import datetime
import json

import pytest
from botocore.exceptions import ClientError


def refused(call, code, status):
    with pytest.raises(ClientError) as caught:
        call()
    answer = caught.value.response
    assert answer["Error"]["Code"] == code, answer["Error"]
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status
    return answer


def open_api(title, **components):
    return json.dumps({"openapi": "3.0.0", "info": {"version": "1.0.0", "title": title},
                       "paths": {}, "components": components})


def test_registries(schemas, registry):
    shown = schemas.describe_registry(RegistryName=registry)
    assert shown["RegistryArn"].endswith(f":registry/{registry}")
    assert shown["Tags"] == {}
    refused(lambda: schemas.create_registry(RegistryName=registry), "ConflictException", 409)
    changed = schemas.update_registry(RegistryName=registry, Description="d")
    assert changed["Description"] == "d"
    names = [each["RegistryName"]
             for page in schemas.get_paginator("list_registries").paginate(
                 Scope="LOCAL", PaginationConfig={"PageSize": 1}) for each in page["Registries"]]
    assert registry in names
    refused(lambda: schemas.describe_registry(RegistryName="none-" + registry),
            "NotFoundException", 404)


def test_schemas_and_their_versions(schemas, registry):
    name = "com.example@OrderPlaced"
    made = schemas.create_schema(RegistryName=registry, SchemaName=name, Type="OpenApi3",
                                 Content=open_api("a"), Tags={"k": "v"})
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert made["SchemaVersion"] == "1"
    assert isinstance(made["VersionCreatedDate"], datetime.datetime)
    again = schemas.update_schema(RegistryName=registry, SchemaName=name, Content=open_api("b"))
    assert again["SchemaVersion"] == "2"
    same = refused(lambda: schemas.update_schema(RegistryName=registry, SchemaName=name,
                                                 Content=open_api("b")), "ConflictException", 409)
    assert "No change since the previous" in same["Error"]["Message"]
    assert same["Code"] == "Conflict"
    assert schemas.describe_schema(RegistryName=registry, SchemaName=name)["Content"] == \
        open_api("b")
    assert schemas.describe_schema(RegistryName=registry, SchemaName=name,
                                   SchemaVersion="1")["Content"] == open_api("a")
    found = schemas.search_schemas(RegistryName=registry, Keywords="orderplaced")["Schemas"]
    assert [(each["SchemaName"], len(each["SchemaVersions"])) for each in found] == [(name, 2)]
    schemas.delete_schema_version(RegistryName=registry, SchemaName=name, SchemaVersion="1")
    left = [each["SchemaVersion"]
            for page in schemas.get_paginator("list_schema_versions").paginate(
                RegistryName=registry, SchemaName=name) for each in page["SchemaVersions"]]
    assert left == ["2"]
    refused(lambda: schemas.export_schema(RegistryName=registry, SchemaName=name,
                                          Type="JSONSchemaDraft4"), "ForbiddenException", 403)


def test_contents_are_checked(schemas, registry):
    for kind, content in (("OpenApi3", "{"), ("OpenApi3", "{}"),
                          ("JSONSchemaDraft4", '{"properties": []}')):
        refused(lambda: schemas.create_schema(RegistryName=registry, SchemaName="s", Type=kind,
                                              Content=content), "BadRequestException", 400)
    schemas.create_schema(RegistryName=registry, SchemaName="s", Type="JSONSchemaDraft4",
                          Content=json.dumps({
                              "$schema": "http://json-schema.org/draft-04/schema#",
                              "type": "object"}))


def test_tags(schemas, registry):
    arn = schemas.create_schema(RegistryName=registry, SchemaName="s", Type="OpenApi3",
                                Content=open_api("a"))["SchemaArn"]
    schemas.tag_resource(ResourceArn=arn, Tags={"a": "1", "b": "2"})
    schemas.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert schemas.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"b": "2"}
    shown = schemas.list_schemas(RegistryName=registry)["Schemas"][0]
    assert shown["Tags"] == {"b": "2"} and shown["VersionCount"] == 1


def test_policies(schemas, registry):
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{
        "Sid": "a", "Effect": "Allow", "Principal": {"AWS": "111111111111"},
        "Action": "schemas:*", "Resource": "*"}]})
    refused(lambda: schemas.get_resource_policy(RegistryName=registry), "NotFoundException", 404)
    put = schemas.put_resource_policy(RegistryName=registry, Policy=policy)
    refused(lambda: schemas.put_resource_policy(RegistryName=registry, Policy=policy,
                                                RevisionId="other"),
            "PreconditionFailedException", 412)
    shown = schemas.get_resource_policy(RegistryName=registry)
    assert json.loads(shown["Policy"]) == json.loads(policy)
    assert shown["RevisionId"] == put["RevisionId"]
    schemas.delete_resource_policy(RegistryName=registry)


def test_shareable_events_as_sam_keeps_them(schemas, registry):
    """The calls of `sam remote test-event put`, list, get and delete, one after another."""
    schema = "_hello-schema"
    refused(lambda: schemas.describe_schema(RegistryName=registry, SchemaName=schema),
            "NotFoundException", 404)
    event = json.dumps({"key1": "value1", "nested": {"list": [1, 2]}})
    content = json.loads(schemas.get_discovered_schema(Events=[event],
                                                       Type="OpenApi3")["Content"])
    content["components"].setdefault("examples", {})["first"] = {
        "value": json.loads(event), "x-metadata": {"invocationType": "RequestResponse"}}
    schemas.create_schema(RegistryName=registry, SchemaName=schema, Type="OpenApi3",
                          Content=json.dumps(content))
    for number in range(6):
        versions = schemas.list_schema_versions(RegistryName=registry, SchemaName=schema)
        if len(versions["SchemaVersions"]) >= 5:
            schemas.delete_schema_version(
                RegistryName=registry, SchemaName=schema,
                SchemaVersion=versions["SchemaVersions"][0]["SchemaVersion"])
        content["components"]["examples"][f"more{number}"] = {"value": {"number": number}}
        schemas.update_schema(RegistryName=registry, SchemaName=schema, Type="OpenApi3",
                              Content=json.dumps(content))
    shown = schemas.describe_schema(RegistryName=registry, SchemaName=schema)
    events = json.loads(shown["Content"])["components"]["examples"]
    assert events["first"]["value"] == json.loads(event)
    assert len(events) == 7
    left = schemas.list_schema_versions(RegistryName=registry, SchemaName=schema)["SchemaVersions"]
    assert [each["SchemaVersion"] for each in left] == ["3", "4", "5", "6", "7"]
    schemas.delete_schema(RegistryName=registry, SchemaName=schema)


@pytest.mark.lapwing
def test_what_is_not_built_is_refused_by_name(schemas, registry):
    refused(schemas.list_discoverers, "NotImplemented", 501)
    refused(lambda: schemas.put_code_binding(Language="Python36", RegistryName=registry,
                                             SchemaName="s"), "NotImplemented", 501)
