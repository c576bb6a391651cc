#!/usr/bin/env python3
"""A steady, bounded stream of streaming chat completions, in which every request is counted.

    load.py URL --model NAME [--rate 8] [--tokens 60] [--seconds 600] [--most 64] [--log FILE]

A request starts every 1/rate seconds, whatever became of those before: a service that stands still is not spared. Each has a
connection and a prompt of its own. Ends after --seconds, or on SIGTERM or SIGINT, when the requests under way have ended, and prints
one JSON object:

    sent           requests
    lost           those that did not get 200, all tokens and a finish reason
    longest_pause  seconds that the most patient client waited for its next token, the first one included
    why            of those lost: how many of each kind, and the first one's text
    skipped        starts that were left out because --most requests were under way; they count as lost

--log writes a line of JSON for each request. Exit code 0 also where requests were lost: what may be lost is the caller's to say.
"""
import argparse
import asyncio
import collections
import json
import signal
import sys
import time
import urllib.parse

TIMEOUT = 60.0  # of one request
MOST_TEXT = 300  # of an answer that is no stream


class Lost(Exception):
    """A request that did not get what it asked for."""

    def __init__(self, kind, text=""):
        super().__init__(f"{kind}: {text}")
        self.kind, self.text = kind, text


class Stream:
    """What one client sees of one answer."""

    def __init__(self):
        self.tokens, self.finish, self.longest_pause = 0, "", 0.0
        self.last = time.monotonic()

    def take(self, line):
        """One line of the body. True at the end of the stream."""
        if line.startswith(b"event: error"):
            raise Lost("error in the stream")
        if not line.startswith(b"data:"):
            return False
        data = line[len(b"data:"):].strip()
        if data == b"[DONE]":
            return True
        chunk = json.loads(data)
        if "choices" not in chunk:
            raise Lost("error in the stream", json.dumps(chunk)[:MOST_TEXT])
        if chunk["choices"]:
            now = time.monotonic()
            self.longest_pause, self.last = max(self.longest_pause, now - self.last), now
        for choice in chunk["choices"]:
            self.finish = choice.get("finish_reason") or self.finish
        usage = chunk.get("usage") or {}
        self.tokens = usage.get("completion_tokens", self.tokens + len(chunk["choices"]))
        return False

    def check(self, wanted):
        if not self.finish:
            raise Lost("stream ended without a finish reason", f"after {self.tokens} tokens")
        if self.tokens < wanted:
            raise Lost("too few tokens", f"{self.tokens} of {wanted}, {self.finish}")


class Client:
    def __init__(self, args):
        url = urllib.parse.urlsplit(args.url)
        self.host, self.port = url.hostname, url.port or 80
        self.args = args

    def body(self, number):
        prompt = f"request {number} at {time.time_ns()}: " + " ".join(f"word-{number}-{i}" for i in range(20))
        return json.dumps({
            "model": self.args.model, "messages": [{"role": "user", "content": prompt}], "max_tokens": self.args.tokens,
            "stream": True, "stream_options": {"include_usage": True}, "ignore_eos": True}).encode()

    async def request(self, number, stream):
        try:
            reader, writer = await asyncio.open_connection(self.host, self.port)
        except OSError as error:
            raise Lost("no connection", str(error)) from error
        try:
            body = self.body(number)
            head = (f"POST /v1/chat/completions HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nContent-Type: application/json\r\n"
                    f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n")
            writer.write(head.encode() + body)
            await self.read(reader, stream)
        except OSError as error:
            raise Lost("connection broke", str(error)) from error
        finally:
            writer.close()

    async def read(self, reader, stream):
        status = (await reader.readline()).split()
        if len(status) < 2:
            raise Lost("connection broke", "before an answer")
        while (await reader.readline()).strip():
            pass
        if status[1] != b"200":
            text = await reader.read(MOST_TEXT)
            raise Lost(f"HTTP {status[1].decode()}", " ".join(text.decode(errors="replace").split()))
        # The sizes of HTTP chunks are lines, too; they do not start with "data:".
        while line := await reader.readline():
            if stream.take(line):
                break
        stream.check(self.args.tokens)


class Load:
    def __init__(self, args, log):
        self.args, self.log, self.client = args, log, Client(args)
        self.sent, self.skipped, self.longest_pause = 0, 0, 0.0
        self.lost = []

    async def one(self, number):
        stream, started, lost = Stream(), time.time(), None
        try:
            await asyncio.wait_for(self.client.request(number, stream), TIMEOUT)
        except asyncio.TimeoutError:
            lost = Lost("timeout", f"{stream.tokens} tokens after {TIMEOUT:.0f} s")
        except (Lost, ValueError) as error:
            lost = error if isinstance(error, Lost) else Lost("not a stream of completions", str(error))
        self.longest_pause = max(self.longest_pause, stream.longest_pause, time.monotonic() - stream.last)
        if lost:
            self.lost.append(lost)
        if self.log:
            line = {"number": number, "started": round(started, 3), "tokens": stream.tokens, "lost": str(lost or ""),
                    "pause": round(stream.longest_pause, 3)}
            self.log.write(json.dumps(line) + "\n")

    async def run(self, stop):
        under_way, start = set(), time.monotonic()
        for number in range(int(self.args.seconds * self.args.rate)):
            delay = start + number / self.args.rate - time.monotonic()
            try:
                await asyncio.wait_for(stop.wait(), max(0.0, delay))
                break
            except asyncio.TimeoutError:
                pass
            self.sent += 1
            if len(under_way) >= self.args.most:
                self.skipped += 1
                self.lost.append(Lost("skipped", f"{len(under_way)} requests under way"))
                continue
            task = asyncio.create_task(self.one(number))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        if under_way:
            await asyncio.wait(under_way)

    def summary(self):
        kinds = collections.Counter(lost.kind for lost in self.lost)
        first = {lost.kind: lost.text for lost in reversed(self.lost)}
        why = {kind: {"count": count, "first": first[kind]} for kind, count in kinds.most_common()}
        return {"sent": self.sent, "lost": len(self.lost), "longest_pause": round(self.longest_pause, 2), "skipped": self.skipped,
                "why": why}


async def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url", help="http://HOST:PORT")
    parser.add_argument("--model", required=True)
    parser.add_argument("--rate", type=float, default=8, help="requests per second")
    parser.add_argument("--tokens", type=int, default=60, help="of each answer")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--most", type=int, default=64, help="requests under way at a time")
    parser.add_argument("--log")
    args = parser.parse_args()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with open(args.log or "/dev/null", "w", encoding="utf-8") as log:
        load = Load(args, log)
        await load.run(stop)
    print(json.dumps(load.summary()))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
