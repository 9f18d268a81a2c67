// IAM and STS through the AWS SDK for JavaScript v3. Prints one JSON object: what each step found.
// The argument is a name for what is made. Endpoint and credentials come from the environment.
import { createRequire } from "node:module";

const load = createRequire(process.env.LAPWING_NODE_MODULES + "/");
const iam = load("@aws-sdk/client-iam");
const sts = load("@aws-sdk/client-sts");

const [name] = process.argv.slice(2);
const client = new iam.IAMClient({});
const send = (command) => client.send(command);
const found = {};
const trust = JSON.stringify({ Version: "2012-10-17", Statement: [{
  Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole",
}] });
const basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";

const role = (await send(new iam.CreateRoleCommand({
  RoleName: name, AssumeRolePolicyDocument: trust, Tags: [{ Key: "a", Value: "ü" }],
}))).Role;
found.waited = (await iam.waitUntilRoleExists(
  { client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, { RoleName: name })).state;
await send(new iam.AttachRolePolicyCommand({ RoleName: name, PolicyArn: basic }));
const got = (await send(new iam.GetRoleCommand({ RoleName: name }))).Role;
found.role = { id: got.RoleId === role.RoleId, tag: got.Tags[0].Value,
  made: got.CreateDate instanceof Date, trust: decodeURIComponent(got.AssumeRolePolicyDocument) };
found.attached = (await send(new iam.ListAttachedRolePoliciesCommand({ RoleName: name })))
  .AttachedPolicies.map((policy) => policy.PolicyArn);
found.pages = [];
for await (const page of iam.paginateListRoles({ client, pageSize: 1 }, {})) {
  found.pages.push(...page.Roles.map((each) => each.RoleName));
}
try {
  await send(new iam.DeleteRoleCommand({ RoleName: name }));
} catch (error) {
  found.conflict = { known: error instanceof iam.DeleteConflictException, message: error.message,
    status: error.$metadata.httpStatusCode };
}
await send(new iam.DetachRolePolicyCommand({ RoleName: name, PolicyArn: basic }));
await send(new iam.DeleteRoleCommand({ RoleName: name }));
try {
  await send(new iam.GetRoleCommand({ RoleName: name }));
} catch (error) {
  found.gone = { known: error instanceof iam.NoSuchEntityException, message: error.message };
}

const user = (await send(new iam.CreateUserCommand({ UserName: name }))).User;
const key = (await send(new iam.CreateAccessKeyCommand({ UserName: name }))).AccessKey;
if (process.env.AWS_ENDPOINT_URL) { // on AWS a new key takes some seconds
  const own = new sts.STSClient({ credentials: {
    accessKeyId: key.AccessKeyId, secretAccessKey: key.SecretAccessKey } });
  const who = await own.send(new sts.GetCallerIdentityCommand({}));
  found.who = who.Arn === user.Arn && who.UserId === user.UserId;
  const session = await own.send(new sts.GetSessionTokenCommand({}));
  found.expires = session.Credentials.Expiration instanceof Date;
}
await send(new iam.DeleteAccessKeyCommand({ UserName: name, AccessKeyId: key.AccessKeyId }));
await send(new iam.DeleteUserCommand({ UserName: name }));
console.log(JSON.stringify(found));
