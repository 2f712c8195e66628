"""Reads a trace as protobuf from standard input, and writes it as the JSON of its mapping."""
import sys

from google.protobuf import json_format
from opentelemetry.proto.trace.v1 import trace_pb2

message = trace_pb2.TracesData()
message.ParseFromString(sys.stdin.buffer.read())
print(json_format.MessageToJson(message, indent=None))
