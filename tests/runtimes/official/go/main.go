// A function of aws-lambda-go that streams its response, for test_streamed.py.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

type event struct {
	Do     string   `json:"do"`
	Pieces []string `json:"pieces"`
}

func write(w *io.PipeWriter, e event) {
	for _, piece := range e.Pieces {
		fmt.Fprint(w, piece)
		time.Sleep(50 * time.Millisecond)
	}
	if e.Do == "fail" {
		w.CloseWithError(errors.New("on purpose"))
		return
	}
	if e.Do == "panic" {
		panic("on purpose")
	}
	w.Close()
}

func handle(_ context.Context, e event) (any, error) {
	if e.Do == "early" {
		return nil, errors.New("on purpose")
	}
	if e.Do == "buffered" {
		return e.Pieces, nil
	}
	r, w := io.Pipe()
	go write(w, e)
	if e.Do == "http" {
		return &events.LambdaFunctionURLStreamingResponse{
			StatusCode: 201, Headers: map[string]string{"x-own": "yes"}, Body: r}, nil
	}
	return r, nil
}

func main() { lambda.Start(handle) }
