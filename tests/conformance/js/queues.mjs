// Queues through the AWS SDK for JavaScript v3, which checks the checksums of what it receives and
// sends to the host of the queue's URL. Prints one JSON object: what each step found.
import { createRequire } from "node:module";

const load = createRequire(process.env.LAPWING_NODE_MODULES + "/");
const sqs = load("@aws-sdk/client-sqs");
const client = new sqs.SQSClient({});
const ask = (command, input) => client.send(new sqs[command + "Command"](input));
const name = process.argv[2];
const found = {};

const QueueUrl = (await ask("CreateQueue", { QueueName: name, tags: { team: "a" },
  Attributes: { VisibilityTimeout: "7" } })).QueueUrl;
const arn = (await ask("GetQueueAttributes", { QueueUrl, AttributeNames: ["All"] })).Attributes;
found.visibility = arn.VisibilityTimeout;
const fifo = (await ask("CreateQueue", { QueueName: name + ".fifo",
  Attributes: { FifoQueue: "true", ContentBasedDeduplication: "true" } })).QueueUrl;
try {
  const sent = await ask("SendMessage", { QueueUrl, MessageBody: "grüße", MessageAttributes: {
    number: { DataType: "Number", StringValue: "99.12" },
    bytes: { DataType: "Binary.png", BinaryValue: new Uint8Array([0, 255]) },
  } });
  const got = (await ask("ReceiveMessage", { QueueUrl, WaitTimeSeconds: 5,
    MessageAttributeNames: ["All"], MessageSystemAttributeNames: ["All"] })).Messages[0];
  found.body = got.Body;
  found.same = got.MessageId === sent.MessageId;
  found.bytes = [...got.MessageAttributes.bytes.BinaryValue];
  found.count = got.Attributes.ApproximateReceiveCount;
  await ask("DeleteMessage", { QueueUrl, ReceiptHandle: got.ReceiptHandle });
  found.empty = (await ask("ReceiveMessage", { QueueUrl })).Messages ?? "absent";

  const batch = await ask("SendMessageBatch", { QueueUrl, Entries: [
    { Id: "a", MessageBody: "one" }, { Id: "b", MessageBody: "\u0001" },
  ] });
  found.batch = { good: batch.Successful.map((one) => one.Id),
    bad: batch.Failed.map((one) => [one.Id, one.SenderFault]) };

  for (const body of ["1", "2", "1"]) {
    await ask("SendMessage", { QueueUrl: fifo, MessageBody: body, MessageGroupId: "g" });
  }
  found.ordered = (await ask("ReceiveMessage", { QueueUrl: fifo, MaxNumberOfMessages: 10 }))
    .Messages.map((one) => one.Body);
} finally {
  for (const url of [QueueUrl, fifo]) await ask("DeleteQueue", { QueueUrl: url });
}
try {
  await ask("SendMessage", { QueueUrl, MessageBody: "late" });
} catch (error) {
  found.gone = { known: error instanceof sqs.QueueDoesNotExist, name: error.name,
    status: error.$metadata.httpStatusCode };
}
console.log(JSON.stringify(found));
