import uuid

import pytest


@pytest.fixture(scope="session")
def schemas(client):
    return client("schemas")


@pytest.fixture
def registry(schemas):
    """The name of a new registry; deleted at the end, with its schemas."""
    name = "conformance-" + uuid.uuid4().hex[:12]
    schemas.create_registry(RegistryName=name)
    yield name
    for page in schemas.get_paginator("list_schemas").paginate(RegistryName=name):
        for each in page["Schemas"]:
            schemas.delete_schema(RegistryName=name, SchemaName=each["SchemaName"])
    schemas.delete_registry(RegistryName=name)
