"""A user that deploys, its access key, and the role it acts under: made, used, and taken away again."""
import json
import time

import boto3
from botocore.exceptions import ClientError

USER, ROLE = "deployer", "deploys"


def until(call, **arguments):
    """What is new is not known everywhere at once on AWS; here it is."""
    for attempt in range(30):
        try:
            return call(**arguments)
        except ClientError:
            if attempt == 29:
                raise
            time.sleep(1)


def trust(principal):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}]})


def main():
    iam = boto3.client("iam")
    user = iam.create_user(UserName=USER)["User"]
    key = iam.create_access_key(UserName=USER)["AccessKey"]
    role = until(iam.create_role, RoleName=ROLE, AssumeRolePolicyDocument=trust(user["Arn"]))["Role"]
    try:
        own = boto3.client("sts", aws_access_key_id=key["AccessKeyId"],
                           aws_secret_access_key=key["SecretAccessKey"])
        print("signs as", until(own.get_caller_identity)["Arn"].split(":")[-1])

        session = until(own.assume_role, RoleArn=role["Arn"], RoleSessionName="example")
        given = session["Credentials"]
        acting = boto3.client("sts", aws_access_key_id=given["AccessKeyId"],
                              aws_secret_access_key=given["SecretAccessKey"],
                              aws_session_token=given["SessionToken"])
        who = until(acting.get_caller_identity)
        print("acts as", who["Arn"].split(":")[-1])
        print("of the role made:", who["UserId"] == role["RoleId"] + ":example")

        used = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
        print("key last used for", used["AccessKeyLastUsed"]["ServiceName"])
    finally:
        iam.delete_role(RoleName=ROLE)
        iam.delete_access_key(UserName=USER, AccessKeyId=key["AccessKeyId"])
        iam.delete_user(UserName=USER)


if __name__ == "__main__":
    main()
