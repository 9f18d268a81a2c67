// Queues through the AWS SDK for Go v2, which checks the checksums of what it receives. Prints one
// JSON object: what each step found. The endpoint and credentials come from the environment.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	ctx, found := context.Background(), map[string]any{}
	settings, err := config.LoadDefaultConfig(ctx)
	check(err)
	client := sqs.NewFromConfig(settings)
	made, err := client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String(os.Args[1])})
	check(err)
	url := made.QueueUrl
	_, err = client.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl: url, MessageBody: aws.String("grüße"),
		MessageAttributes: map[string]types.MessageAttributeValue{
			"number": {DataType: aws.String("Number"), StringValue: aws.String("99.12")},
			"bytes":  {DataType: aws.String("Binary"), BinaryValue: []byte{0, 255}},
		}})
	check(err)
	got, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url,
		WaitTimeSeconds: 5, MessageAttributeNames: []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"}})
	check(err)
	message := got.Messages[0]
	found["body"] = *message.Body
	found["bytes"] = len(message.MessageAttributes["bytes"].BinaryValue)
	found["count"] = message.Attributes["ApproximateReceiveCount"]
	_, err = client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: url,
		ReceiptHandle: message.ReceiptHandle})
	check(err)
	sent, err := client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: url,
		Entries: []types.SendMessageBatchRequestEntry{
			{Id: aws.String("a"), MessageBody: aws.String("one")},
			{Id: aws.String("b"), MessageBody: aws.String("\u0001")}}})
	check(err)
	found["good"], found["bad"] = *sent.Successful[0].Id, *sent.Failed[0].Id
	_, err = client.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: url})
	check(err)
	_, err = client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String(os.Args[1])})
	var gone *types.QueueDoesNotExist
	found["gone"] = errors.As(err, &gone)
	check(json.NewEncoder(os.Stdout).Encode(found))
}
