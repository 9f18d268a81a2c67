"""What a team tests a function with, kept where consoles and sam remote test-event look for it: a
schema made of a sample event, and the samples in it."""
import json
import uuid

import boto3

schemas = boto3.client("schemas")
REGISTRY = "test-events-" + uuid.uuid4().hex[:8]  # tools say lambda-testevent-schemas
SCHEMA = "_checkout-schema"
SAMPLES = {"one item": {"cart": [{"sku": "a", "count": 1}], "who": "Ada"},
           "empty": {"cart": [], "who": "Bob"}}


def content_of(samples):
    content = json.loads(schemas.get_discovered_schema(
        Type="OpenApi3", Events=[json.dumps(each) for each in samples.values()])["Content"])
    content["components"]["examples"] = {name: {"value": each} for name, each in samples.items()}
    return json.dumps(content)


def main():
    schemas.create_registry(RegistryName=REGISTRY)
    schemas.create_schema(RegistryName=REGISTRY, SchemaName=SCHEMA, Type="OpenApi3",
                          Content=content_of({"one item": SAMPLES["one item"]}))
    changed = schemas.update_schema(RegistryName=REGISTRY, SchemaName=SCHEMA, Type="OpenApi3",
                                    Content=content_of(SAMPLES))
    kept = json.loads(schemas.describe_schema(RegistryName=REGISTRY, SchemaName=SCHEMA)["Content"])
    print("version", changed["SchemaVersion"] + ":", ", ".join(sorted(
        kept["components"]["examples"])))
    print("always there:", ", ".join(kept["components"]["schemas"]["Event"]["required"]))
    schemas.delete_schema(RegistryName=REGISTRY, SchemaName=SCHEMA)
    schemas.delete_registry(RegistryName=REGISTRY)


if __name__ == "__main__":
    main()
