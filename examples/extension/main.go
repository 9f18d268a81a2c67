// An external extension: reads the reports of its function's invocations from the Telemetry API
// and writes one line with what they add up to when the environment ends.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"
)

const listenAt = "sandbox.localdomain:4323"

var api = "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API")

// bill adds up reports; the consumer's requests come on their own goroutines.
type bill struct {
	sync.Mutex
	started, reported int
	billedMs, gbS     float64
	memoryMB          float64
}

func (b *bill) take(events []event) {
	b.Lock()
	defer b.Unlock()
	for _, e := range events {
		if e.Type != "platform.report" {
			continue
		}
		metrics := e.Record.Metrics
		b.reported++
		b.billedMs += metrics.BilledDurationMs
		b.gbS += metrics.BilledDurationMs / 1000 * metrics.MemorySizeMB / 1024
		b.memoryMB = math.Max(b.memoryMB, metrics.MaxMemoryUsedMB)
	}
}

func (b *bill) missing() bool {
	b.Lock()
	defer b.Unlock()
	return b.reported < b.started
}

func (b *bill) String() string {
	b.Lock()
	defer b.Unlock()
	return fmt.Sprintf("bill: %d invocations, %.0f ms billed, %.6f GB-s, at most %.0f MB used",
		b.reported, b.billedMs, b.gbS, b.memoryMB)
}

type event struct {
	Type   string `json:"type"`
	Record record `json:"record"`
}

type record struct {
	Metrics struct {
		BilledDurationMs float64 `json:"billedDurationMs"`
		MemorySizeMB     float64 `json:"memorySizeMB"`
		MaxMemoryUsedMB  float64 `json:"maxMemoryUsedMB"`
	} `json:"metrics"`
}

type next struct {
	EventType  string `json:"eventType"`
	DeadlineMs int64  `json:"deadlineMs"`
}

func call(method, path, id string, body any, answer any) http.Header {
	text, _ := json.Marshal(body)
	request, err := http.NewRequest(method, api+path, bytes.NewReader(text))
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Lambda-Extension-Name", filepath.Base(os.Args[0]))
	if id != "" {
		request.Header.Set("Lambda-Extension-Identifier", id)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		log.Fatalf("%s %s: %s", method, path, response.Status)
	}
	if answer != nil {
		if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
			log.Fatal(err)
		}
	}
	return response.Header
}

// serve takes telemetry in; it listens before it returns.
func serve(b *bill) {
	listening := make(chan struct{})
	server := &http.Server{Addr: listenAt, Handler: http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			var events []event
			if err := json.NewDecoder(r.Body).Decode(&events); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			b.take(events)
		})}
	go func() {
		close(listening)
		log.Fatal(server.ListenAndServe())
	}()
	<-listening
}

func main() {
	log.SetFlags(0)
	var total bill
	serve(&total)
	id := call("POST", "/2020-01-01/extension/register", "",
		map[string][]string{"events": {"INVOKE", "SHUTDOWN"}}, nil).
		Get("Lambda-Extension-Identifier")
	call("PUT", "/2022-07-01/telemetry", id, map[string]any{
		"schemaVersion": "2022-12-13",
		"types":         []string{"platform"},
		"buffering":     map[string]int{"maxItems": 1000, "maxBytes": 262144, "timeoutMs": 25},
		"destination":   map[string]string{"protocol": "HTTP", "URI": "http://" + listenAt},
	}, nil)
	for {
		var event next
		call("GET", "/2020-01-01/extension/event/next", id, nil, &event)
		if event.EventType == "INVOKE" {
			total.Lock()
			total.started++
			total.Unlock()
			continue
		}
		// The last report may still be on its way.
		deadline := time.UnixMilli(event.DeadlineMs).Add(-200 * time.Millisecond)
		for total.missing() && time.Now().Before(deadline) {
			time.Sleep(5 * time.Millisecond)
		}
		fmt.Println(total.String())
		return
	}
}
