// A receiver of spans that decodes with OpenZipkin's own library, and tells what it was sent.
//
// POST /api/v2/spans takes JSON or protobuf, compressed or not, and answers 202, or 400 with the decoder's
// error. GET /spans tells what has arrived, and forgets it.
package main

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"sync"

	"github.com/openzipkin/zipkin-go/model"
	zipkin_proto3 "github.com/openzipkin/zipkin-go/proto/v2"
)

type endpoint struct {
	Name, IPv4, IPv6 string
	Port             uint16
}

type annotation struct {
	Time  int64
	Value string
}

// What the library made of a span, in plain types; times are microseconds.
type span struct {
	TraceID, ID, ParentID, Name, Kind string
	Timestamp, Duration               int64
	Local, Remote                     *endpoint
	Annotations                       []annotation
	Tags                              map[string]string
	Debug, Shared                     bool
}

func told(address *model.Endpoint) *endpoint {
	if address == nil {
		return nil
	}
	side := &endpoint{Name: address.ServiceName, Port: address.Port}
	if len(address.IPv4) > 0 {
		side.IPv4 = address.IPv4.String()
	}
	if len(address.IPv6) > 0 {
		side.IPv6 = address.IPv6.String()
	}
	return side
}

func plain(got *model.SpanModel) span {
	out := span{
		TraceID: got.TraceID.String(), ID: got.ID.String(), Name: got.Name, Kind: string(got.Kind),
		Duration: got.Duration.Nanoseconds() / 1000, Local: told(got.LocalEndpoint), Remote: told(got.RemoteEndpoint),
		Tags: got.Tags, Debug: got.Debug, Shared: got.Shared,
	}
	if got.ParentID != nil {
		out.ParentID = got.ParentID.String()
	}
	if !got.Timestamp.IsZero() {
		out.Timestamp = got.Timestamp.UnixNano() / 1000
	}
	for _, each := range got.Annotations {
		out.Annotations = append(out.Annotations, annotation{each.Timestamp.UnixNano() / 1000, each.Value})
	}
	return out
}

func decode(request *http.Request) (spans []*model.SpanModel, err error) {
	body := io.Reader(request.Body)
	if request.Header.Get("Content-Encoding") == "gzip" {
		if body, err = gzip.NewReader(body); err != nil {
			return nil, err
		}
	}
	data, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	if request.Header.Get("Content-Type") == "application/x-protobuf" {
		return zipkin_proto3.ParseSpans(data, false)
	}
	err = json.Unmarshal(data, &spans)
	return spans, err
}

func main() {
	var lock sync.Mutex
	arrived := []span{}
	http.HandleFunc("/api/v2/spans", func(writer http.ResponseWriter, request *http.Request) {
		spans, err := decode(request)
		if err != nil {
			http.Error(writer, err.Error(), http.StatusBadRequest)
			return
		}
		lock.Lock()
		defer lock.Unlock()
		for _, each := range spans {
			arrived = append(arrived, plain(each))
		}
		writer.WriteHeader(http.StatusAccepted)
	})
	http.HandleFunc("/spans", func(writer http.ResponseWriter, _ *http.Request) {
		lock.Lock()
		defer lock.Unlock()
		if json.NewEncoder(writer).Encode(arrived) == nil {
			arrived = []span{}
		}
	})
	panic(http.ListenAndServe(os.Args[1], nil))
}
