// Topics (query), EventBridge (JSON) and Scheduler (REST) through the AWS SDK for JavaScript v3, each
// with a queue as its target. Prints one JSON object: what each step found.
import { createRequire } from "node:module";

const load = createRequire(process.env.LAPWING_NODE_MODULES + "/");
const kits = Object.fromEntries(["sqs", "sns", "eventbridge", "scheduler"].map(
  (name) => [name, load("@aws-sdk/client-" + name)]));
const clients = {
  sqs: new kits.sqs.SQSClient({}), sns: new kits.sns.SNSClient({}),
  eventbridge: new kits.eventbridge.EventBridgeClient({}),
  scheduler: new kits.scheduler.SchedulerClient({}),
};
const ask = (service, command, input) =>
  clients[service].send(new kits[service][command + "Command"](input));
const [name, role] = process.argv.slice(2);
const found = {};

const QueueUrl = (await ask("sqs", "CreateQueue", { QueueName: name })).QueueUrl;
const queue = (await ask("sqs", "GetQueueAttributes", { QueueUrl, AttributeNames: ["QueueArn"] }))
  .Attributes.QueueArn;
await ask("sqs", "SetQueueAttributes", { QueueUrl, Attributes: { Policy: JSON.stringify({
  Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "sqs:SendMessage", Resource: queue,
    Principal: { Service: ["sns.amazonaws.com", "events.amazonaws.com"] } }] }) } });

async function received() {
  for (let tries = 0; tries < 6; ++tries) {
    const got = (await ask("sqs", "ReceiveMessage", { QueueUrl, WaitTimeSeconds: 10,
      MessageAttributeNames: ["All"] })).Messages;
    if (!got) continue;
    await ask("sqs", "DeleteMessage", { QueueUrl, ReceiptHandle: got[0].ReceiptHandle });
    return got[0];
  }
  throw new Error("nothing came");
}

async function errorOf(service, command, input, known) {
  try {
    await ask(service, command, input);
    return "none";
  } catch (error) {
    return { known: error instanceof kits[service][known], name: error.name,
      status: error.$metadata.httpStatusCode };
  }
}

async function topics() {
  const TopicArn = (await ask("sns", "CreateTopic", { Name: name, Attributes: { DisplayName: "d" },
    Tags: [{ Key: "team", Value: "a" }] })).TopicArn;
  const out = {};
  try {
    out.display = (await ask("sns", "GetTopicAttributes", { TopicArn })).Attributes.DisplayName;
    out.tags = (await ask("sns", "ListTagsForResource", { ResourceArn: TopicArn })).Tags;
    const arn = (await ask("sns", "Subscribe", { TopicArn, Protocol: "sqs", Endpoint: queue,
      ReturnSubscriptionArn: true, Attributes: { RawMessageDelivery: "true",
        FilterPolicy: JSON.stringify({ kind: ["order"] }) } })).SubscriptionArn;
    const of = (kind) => ({ kind: { DataType: "String", StringValue: kind },
      bytes: { DataType: "Binary", BinaryValue: new Uint8Array([0, 255]) } });
    await ask("sns", "Publish", { TopicArn, Message: "no", MessageAttributes: of("other") });
    await ask("sns", "Publish", { TopicArn, Message: "grüße & <co>", MessageAttributes: of("order") });
    const got = await received();
    out.body = got.Body;
    out.bytes = [...got.MessageAttributes.bytes.BinaryValue];
    const batch = await ask("sns", "PublishBatch", { TopicArn, PublishBatchRequestEntries: [
      { Id: "a", Message: "one" }, { Id: "b", Message: "" }] });
    out.batch = { good: batch.Successful.map((one) => one.Id),
      bad: batch.Failed.map((one) => [one.Id, one.SenderFault]) };
    out.topics = [];
    for await (const page of kits.sns.paginateListTopics({ client: clients.sns }, {})) {
      out.topics.push(...page.Topics.map((each) => each.TopicArn));
    }
    out.listed = out.topics.includes(TopicArn);
    delete out.topics;
    await ask("sns", "Unsubscribe", { SubscriptionArn: arn });
    out.left = (await ask("sns", "ListSubscriptionsByTopic", { TopicArn })).Subscriptions ?? [];
  } finally {
    await ask("sns", "DeleteTopic", { TopicArn });
  }
  out.gone = await errorOf("sns", "Publish", { TopicArn, Message: "late" }, "NotFoundException");
  return out;
}

async function buses() {
  const out = {}, at = { EventBusName: name };
  await ask("eventbridge", "CreateEventBus", { Name: name });
  try {
    await ask("eventbridge", "PutRule", { ...at, Name: "r", Description: "large",
      EventPattern: JSON.stringify({ source: ["shop"], detail: { n: [{ numeric: [">", 5] }] } }) });
    const put = await ask("eventbridge", "PutTargets", { ...at, Rule: "r", Targets: [{ Id: "q",
      Arn: queue, InputTransformer: { InputPathsMap: { n: "$.detail.n" },
        InputTemplate: "\"number <n>\"" } }] });
    out.failed = put.FailedEntryCount;
    const sent = await ask("eventbridge", "PutEvents", { Entries: [3, 7, undefined].map((n) => ({
      ...at, Source: "shop", DetailType: "t", Time: new Date(0),
      Detail: n === undefined ? undefined : JSON.stringify({ n }) })) });
    out.sent = [sent.FailedEntryCount, sent.Entries[2].ErrorCode];
    out.body = JSON.parse((await received()).Body);
    const rule = await ask("eventbridge", "DescribeRule", { ...at, Name: "r" });
    out.rule = [rule.State, rule.Description];
    out.matches = (await ask("eventbridge", "TestEventPattern", {
      EventPattern: "{\"source\":[{\"prefix\":\"sh\"}]}", Event: JSON.stringify({ id: "1",
        source: "shop", "detail-type": "t", account: "000000000000", region: "us-east-1",
        time: "2026-01-01T00:00:00Z", resources: [], detail: {} }) })).Result;
    await ask("eventbridge", "RemoveTargets", { ...at, Rule: "r", Ids: ["q"] });
    await ask("eventbridge", "DeleteRule", { ...at, Name: "r" });
    out.pattern = await errorOf("eventbridge", "PutRule", { ...at, Name: "r", EventPattern: "{}" },
      "InvalidEventPatternException");
  } finally {
    await ask("eventbridge", "DeleteEventBus", { Name: name });
  }
  out.gone = await errorOf("eventbridge", "DescribeEventBus", { Name: name },
    "ResourceNotFoundException");
  return out;
}

async function schedules() {
  const out = {}, GroupName = name;
  const made = await ask("scheduler", "CreateScheduleGroup", { Name: name,
    Tags: [{ Key: "team", Value: "a" }] });
  try {
    const target = { Arn: queue, RoleArn: role, Input: "due" };
    const due = new Date(Date.now() + 2000).toISOString().slice(0, 19);
    await ask("scheduler", "CreateSchedule", { GroupName, Name: "once", Target: target,
      ScheduleExpression: `at(${due})`, FlexibleTimeWindow: { Mode: "OFF" },
      ActionAfterCompletion: "DELETE" });
    await ask("scheduler", "CreateSchedule", { GroupName, Name: "yearly", Target: target,
      ScheduleExpression: "cron(0 12 1 1 ? *)", ScheduleExpressionTimezone: "Europe/Berlin",
      FlexibleTimeWindow: { Mode: "FLEXIBLE", MaximumWindowInMinutes: 5 },
      StartDate: new Date(Date.now() + 86400e3) });
    const shown = await ask("scheduler", "GetSchedule", { GroupName, Name: "yearly" });
    out.shown = [shown.State, shown.ScheduleExpressionTimezone, shown.Target.RetryPolicy,
      shown.StartDate instanceof Date];
    out.listed = (await ask("scheduler", "ListSchedules", { GroupName })).Schedules
      .map((each) => each.Name);
    out.body = (await received()).Body;
    out.tags = (await ask("scheduler", "ListTagsForResource", {
      ResourceArn: made.ScheduleGroupArn })).Tags;
    out.twice = await errorOf("scheduler", "CreateSchedule", { GroupName, Name: "yearly",
      Target: target, ScheduleExpression: "rate(1 day)", FlexibleTimeWindow: { Mode: "OFF" } },
    "ConflictException");
    await ask("scheduler", "DeleteSchedule", { GroupName, Name: "yearly" });
  } finally {
    await ask("scheduler", "DeleteScheduleGroup", { Name: name });
  }
  out.gone = await errorOf("scheduler", "GetSchedule", { GroupName, Name: "yearly" },
    "ResourceNotFoundException");
  return out;
}

try {
  found.topics = await topics();
  found.buses = await buses();
  found.schedules = await schedules();
} finally {
  await ask("sqs", "DeleteQueue", { QueueUrl });
}
console.log(JSON.stringify(found));
