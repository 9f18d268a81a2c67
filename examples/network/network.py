"""A function in a VPC that reaches what its security group lets out: made, changed, taken away."""
import io
import json
import zipfile

import boto3

CODE = '''
import socket

def handler(event, context):
    try:
        socket.create_connection((event["host"], event["port"]), timeout=3).close()
        return "reached"
    except OSError as error:
        return "not reached"
'''
ALL = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def package():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        file = zipfile.ZipInfo("app.py")
        file.external_attr = 0o644 << 16  # else nobody but its owner may read it
        archive.writestr(file, CODE)
    return out.getvalue()


def main(role="arn:aws:iam::000000000000:role/r", host="1.1.1.1", port=53):
    ec2, functions = boto3.client("ec2"), boto3.client("lambda")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="example", Description="of the example", VpcId=vpc)[
        "GroupId"]

    def look(what):
        answer = functions.invoke(FunctionName="example-network",
                                  Payload=json.dumps({"host": host, "port": port}))
        print(what, json.loads(answer["Payload"].read()), sep=": ")

    try:
        functions.create_function(
            FunctionName="example-network", Runtime="python3.12", Role=role, Handler="app.handler",
            Code={"ZipFile": package()}, Timeout=10,
            VpcConfig={"SubnetIds": [subnet], "SecurityGroupIds": [group]})
        functions.get_waiter("function_active_v2").wait(FunctionName="example-network")
        look("a new group lets out everything")
        ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[ALL])
        look("without a rule")
        ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[{
            "IpProtocol": "tcp", "FromPort": port, "ToPort": port,
            "IpRanges": [{"CidrIp": host + "/32"}]}])
        look("with a rule for it")
    finally:
        functions.delete_function(FunctionName="example-network")
        ec2.delete_security_group(GroupId=group)
        ec2.delete_subnet(SubnetId=subnet)
        ec2.delete_vpc(VpcId=vpc)


if __name__ == "__main__":
    main()
