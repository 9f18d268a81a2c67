// Lapwing through the AWS SDK for JavaScript v3. Prints one JSON object: what each step found.
// Arguments: the package's path, the role. The endpoint and credentials come from the
// environment, as an application has them.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const load = createRequire(process.env.LAPWING_NODE_MODULES + "/");
const lambda = load("@aws-sdk/client-lambda");
const logs = load("@aws-sdk/client-cloudwatch-logs");
const sts = load("@aws-sdk/client-sts");

const [packagePath, role] = process.argv.slice(2);
const name = "conformance-js";
const client = new lambda.LambdaClient({});
const found = {};

found.identity = (await new sts.STSClient({}).send(new sts.GetCallerIdentityCommand({}))).Account;

const created = await client.send(new lambda.CreateFunctionCommand({
  FunctionName: name, Runtime: "nodejs20.x", Role: role, Handler: "app.handler",
  Code: { ZipFile: await readFile(packagePath) }, Timeout: 10,
  Environment: { Variables: { KEY: "välue" } },
}));
found.created = created.State;
const waiting = { client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 };
found.waited = (await lambda.waitUntilFunctionActiveV2(waiting, { FunctionName: name })).state;

const invoked = await client.send(new lambda.InvokeCommand({
  FunctionName: name, Payload: JSON.stringify({ text: "ü" }), LogType: "Tail",
}));
found.answer = JSON.parse(Buffer.from(invoked.Payload).toString());
found.tail = Buffer.from(invoked.LogResult, "base64").toString();
found.version = invoked.ExecutedVersion;

const failed = await client.send(new lambda.InvokeCommand({
  FunctionName: name, Payload: JSON.stringify({ fail: true }),
}));
found.functionError = failed.FunctionError;
found.error = JSON.parse(Buffer.from(failed.Payload).toString());

// Every event of a stream, as the SDK gives it, with bytes as text.
async function streamed(event, more = {}) {
  const answer = await client.send(new lambda.InvokeWithResponseStreamCommand({
    FunctionName: name, Payload: JSON.stringify(event), ...more,
  }));
  const events = [];
  for await (const one of answer.EventStream) {
    if (one.PayloadChunk) events.push(Buffer.from(one.PayloadChunk.Payload).toString());
    else events.push(one);
  }
  return { status: answer.StatusCode, type: answer.ResponseStreamContentType,
    version: answer.ExecutedVersion, events };
}
await client.send(new lambda.UpdateFunctionConfigurationCommand({
  FunctionName: name, Handler: "app.streaming",
}));
await lambda.waitUntilFunctionUpdatedV2(waiting, { FunctionName: name });
found.streamed = await streamed({ text: "ü" }, { LogType: "Tail" });
found.streamedError = await streamed({ text: "begun", fail: true });

found.pages = [];
for await (const page of lambda.paginateListFunctions({ client, pageSize: 1 }, {})) {
  found.pages.push(...page.Functions.map((f) => f.FunctionName));
}

await client.send(new lambda.UpdateFunctionConfigurationCommand({
  FunctionName: name, Description: "changed",
}));
found.updated = (await lambda.waitUntilFunctionUpdatedV2(waiting, { FunctionName: name })).state;

const log = new logs.CloudWatchLogsClient({});
found.log = [];
for await (const page of logs.paginateFilterLogEvents(
  { client: log }, { logGroupName: "/aws/lambda/" + name, filterPattern: "spoken" })) {
  found.log.push(...page.events.map((e) => e.message));
}

await client.send(new lambda.DeleteFunctionCommand({ FunctionName: name }));
try {
  await client.send(new lambda.GetFunctionCommand({ FunctionName: name }));
} catch (error) {
  found.gone = { name: error.name, message: error.message, status: error.$metadata.httpStatusCode,
    known: error instanceof lambda.ResourceNotFoundException };
}
console.log(JSON.stringify(found));
