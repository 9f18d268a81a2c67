module lapwing.test/streaming

go 1.24.9

require github.com/aws/aws-lambda-go v1.49.0
