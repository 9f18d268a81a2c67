// Parquet from JSON: the event's readings become one Parquet file, read back before it is answered
// with.
package main

import (
	"bytes"
	"context"
	"fmt"
	"log"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/parquet-go/parquet-go"
)

type Reading struct {
	Station string   `json:"station" parquet:"station,dict"`
	Time    string   `json:"time" parquet:"time"`
	Celsius float64  `json:"celsius" parquet:"celsius"`
	Rain    *float64 `json:"rain" parquet:"rain,optional"`
}

type Request struct {
	Readings []Reading `json:"readings"`
}

type Answer struct {
	RequestID string   `json:"requestId"`
	Rows      int64    `json:"rows"`
	Columns   []string `json:"columns"`
	Warmest   Reading  `json:"warmest"`
	Parquet   []byte   `json:"parquet"`
}

func handle(ctx context.Context, request Request) (*Answer, error) {
	if len(request.Readings) == 0 {
		return nil, fmt.Errorf("no readings in the event")
	}
	var file bytes.Buffer
	writer := parquet.NewGenericWriter[Reading](&file, parquet.Compression(&parquet.Zstd))
	if _, err := writer.Write(request.Readings); err != nil {
		return nil, fmt.Errorf("write rows: %w", err)
	}
	if err := writer.Close(); err != nil {
		return nil, fmt.Errorf("finish file: %w", err)
	}

	rows, err := parquet.Read[Reading](bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		return nil, fmt.Errorf("read back: %w", err)
	}
	opened, err := parquet.OpenFile(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	answer := &Answer{Rows: opened.NumRows(), Warmest: rows[0], Parquet: file.Bytes()}
	for _, column := range opened.Schema().Columns() {
		answer.Columns = append(answer.Columns, column[0])
	}
	for _, row := range rows {
		if row.Celsius > answer.Warmest.Celsius {
			answer.Warmest = row
		}
	}
	if invocation, ok := lambdacontext.FromContext(ctx); ok {
		answer.RequestID = invocation.AwsRequestID
	}
	log.Printf("%d readings in %d bytes", answer.Rows, file.Len())
	return answer, nil
}

func main() {
	lambda.Start(handle)
}
