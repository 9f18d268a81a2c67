"""kill -9 while roles and policies are made, changed and deleted: what was acknowledged is there
after a restart, and nothing half-made."""
import json
import random
import threading

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from conftest import LONG
from serving import Server

ROUNDS = 20 if LONG else 4
CLIENTS = 4
TRUST = json.dumps({"Version": "2012-10-17", "Statement": {
    "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
    "Action": "sts:AssumeRole"}})
POLICY = json.dumps({"Version": "2012-10-17", "Statement": {
    "Effect": "Allow", "Action": "s3:*", "Resource": "*"}})
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def iam_of(server):
    return boto3.client("iam", endpoint_url=server.endpoint, region_name="us-east-1",
                        aws_access_key_id="test", aws_secret_access_key="test",
                        config=Config(retries={"max_attempts": 0}, read_timeout=60))


class Role:
    """What was acknowledged of one role; `doubt` is the change that was not answered."""

    def __init__(self, name):
        self.name, self.state, self.doubt = name, None, None

    def next(self, choice):
        if self.state is None:
            return {"inline": [], "attached": []}, lambda iam: iam.create_role(
                RoleName=self.name, AssumeRolePolicyDocument=TRUST)
        inline, attached = self.state["inline"], self.state["attached"]
        if not inline and not attached and choice.random() < 0.3:
            return None, lambda iam: iam.delete_role(RoleName=self.name)
        if choice.random() < 0.5:
            if attached:
                return {"inline": inline, "attached": []}, lambda iam: iam.detach_role_policy(
                    RoleName=self.name, PolicyArn=BASIC)
            return {"inline": inline, "attached": [BASIC]}, lambda iam: iam.attach_role_policy(
                RoleName=self.name, PolicyArn=BASIC)
        if inline:
            return {"inline": [], "attached": attached}, lambda iam: iam.delete_role_policy(
                RoleName=self.name, PolicyName="p")
        return {"inline": ["p"], "attached": attached}, lambda iam: iam.put_role_policy(
            RoleName=self.name, PolicyName="p", PolicyDocument=POLICY)


def storm(server, role, choice, acknowledged):
    iam = iam_of(server)
    try:
        while True:
            role.doubt, change = role.next(choice)
            change(iam)
            role.state = role.doubt
            acknowledged.release()
    except (BotoCoreError, ClientError) as error:
        assert not isinstance(error, ClientError) or \
            error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500, error


def seen(iam, name):
    try:
        iam.get_role(RoleName=name)
    except iam.exceptions.NoSuchEntityException:
        return None
    return {"inline": iam.list_role_policies(RoleName=name)["PolicyNames"],
            "attached": [p["PolicyArn"] for p in
                         iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]]}


def kill_in_the_storm(server, things, choice):
    """Each of these is changed by a client of its own, until the server is killed; it is back."""
    acknowledged = threading.Semaphore(0)
    clients = [threading.Thread(target=storm, args=(
        server, thing, random.Random(choice.random()), acknowledged)) for thing in things]
    for client in clients:
        client.start()
    for _ in range(choice.randint(5, 80)):
        assert acknowledged.acquire(timeout=60)
    server.kill()
    for client in clients:
        client.join()
    server.start()


def test_acknowledged_is_kept(tmp_path):
    choice = random.Random(7)
    roles = [Role(f"role-{i}") for i in range(CLIENTS)]
    server = Server(tmp_path).start()
    try:
        for _ in range(ROUNDS):
            kill_in_the_storm(server, roles, choice)
            iam = iam_of(server)
            for role in roles:
                found = seen(iam, role.name)
                assert found in (role.state, role.doubt), (role.name, found, role.state, role.doubt)
                role.state = found
            there = sum(role.state is not None for role in roles)
            assert len(iam.list_roles()["Roles"]) == there
            assert iam.get_account_summary()["SummaryMap"]["Roles"] == there
            uses = sum(bool(role.state and role.state["attached"]) for role in roles)
            assert iam.get_policy(PolicyArn=BASIC)["Policy"]["AttachmentCount"] == uses
    finally:
        server.kill()


class Key:
    """What was acknowledged of a user's access key, as Role."""

    def __init__(self, user):
        self.user, self.state, self.doubt, self.made = user, None, None, {}

    def next(self, choice):
        if self.state is None:
            return "unseen", self.create
        key, status = self.state
        if choice.random() < 0.4:
            return None, lambda iam: iam.delete_access_key(UserName=self.user, AccessKeyId=key)
        other = "Inactive" if status == "Active" else "Active"
        return (key, other), lambda iam: iam.update_access_key(
            UserName=self.user, AccessKeyId=key, Status=other)

    def create(self, iam):
        made = iam.create_access_key(UserName=self.user)["AccessKey"]
        self.made[made["AccessKeyId"]] = made["SecretAccessKey"]
        self.doubt = (made["AccessKeyId"], "Active")


def signs(server, key, secret):
    client = boto3.client("sts", endpoint_url=server.endpoint, region_name="us-east-1",
                          aws_access_key_id=key, aws_secret_access_key=secret,
                          config=Config(retries={"max_attempts": 0}))
    # Signatures are not verified: a key that signs nothing calls as the root.
    return ":user/" in client.get_caller_identity()["Arn"]


def test_keys_sign_as_acknowledged(tmp_path):
    choice = random.Random(11)
    keys = [Key(f"user-{i}") for i in range(CLIENTS)]
    server = Server(tmp_path).start()
    try:
        for key in keys:
            iam_of(server).create_user(UserName=key.user)
        for _ in range(ROUNDS):
            kill_in_the_storm(server, keys, choice)
            iam = iam_of(server)
            for key in keys:
                listed = iam.list_access_keys(UserName=key.user)["AccessKeyMetadata"]
                found = [(k["AccessKeyId"], k["Status"]) for k in listed]
                if key.doubt == "unseen":  # its answer, and its secret, never came
                    assert len(found) <= 1
                    for lost, _ in found:
                        iam.delete_access_key(UserName=key.user, AccessKeyId=lost)
                    key.state = key.doubt = None
                    continue
                allowed = [[state] if state else [] for state in (key.state, key.doubt)]
                assert found in allowed, (key.user, found, allowed)
                key.state = key.doubt = found[0] if found else None
                for made, secret in key.made.items():
                    assert signs(server, made, secret) == (found == [(made, "Active")])
    finally:
        server.kill()
