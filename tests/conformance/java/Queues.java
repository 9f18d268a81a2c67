// Queues through the AWS SDK for Java v2, which checks the checksums of what it sends and receives.
// Prints what each step found, a line each. The endpoint comes as the second argument.
import java.net.URI;
import java.util.Map;

import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageAttributeValue;
import software.amazon.awssdk.services.sqs.model.QueueDoesNotExistException;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequestEntry;

public class Queues {
  public static void main(String[] arguments) {
    var builder = SqsClient.builder().httpClient(UrlConnectionHttpClient.create());
    if (arguments.length > 1) builder.endpointOverride(URI.create(arguments[1]));
    SqsClient client = builder.build();
    String name = arguments[0];
    String url = client.createQueue(in -> in.queueName(name)).queueUrl();
    client.sendMessage(in -> in.queueUrl(url).messageBody("gr\u00fc\u00dfe").messageAttributes(Map.of(
        "number", MessageAttributeValue.builder().dataType("Number").stringValue("99.12").build(),
        "bytes", MessageAttributeValue.builder().dataType("Binary")
            .binaryValue(SdkBytes.fromByteArray(new byte[] {0, -1})).build())));
    Message got = client.receiveMessage(in -> in.queueUrl(url).waitTimeSeconds(5)
        .messageAttributeNames("All")).messages().get(0);
    System.out.println("body " + got.body().equals("gr\u00fc\u00dfe"));
    System.out.println("bytes " + got.messageAttributes().get("bytes").binaryValue().asByteArray().length);
    client.deleteMessage(in -> in.queueUrl(url).receiptHandle(got.receiptHandle()));
    System.out.println("empty " + client.receiveMessage(in -> in.queueUrl(url)).messages().isEmpty());
    var sent = client.sendMessageBatch(in -> in.queueUrl(url).entries(
        SendMessageBatchRequestEntry.builder().id("a").messageBody("one").build(),
        SendMessageBatchRequestEntry.builder().id("b").messageBody("\u0001").build()));
    System.out.println("batch " + sent.successful().get(0).id() + " " + sent.failed().get(0).id());
    client.deleteQueue(in -> in.queueUrl(url));
    try {
      client.getQueueUrl(in -> in.queueName(name));
    } catch (QueueDoesNotExistException gone) {
      System.out.println("gone " + gone.awsErrorDetails().errorCode());
    }
  }
}
