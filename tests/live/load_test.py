"""The load client counts as lost whatever is not a whole answer."""

import argparse
import asyncio
import json
import unittest

import load

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(**fields):
    return b"data: " + json.dumps(fields).encode() + b"\n\n"


def token(finish=None):
    return chunk(choices=[{"delta": {"content": "a"}, "finish_reason": finish}])


def usage(tokens):
    return chunk(choices=[], usage={"completion_tokens": tokens})


DONE = b"data: [DONE]\n\n"
CASES = [
    # sentence, answer, kind of loss ("" where nothing is lost)
    ("all tokens and a reason", HEAD + token() + token("length") + usage(2) + DONE, ""),
    ("the usage counts, not the chunks", HEAD + token("length") + usage(2) + DONE, ""),
    ("a stream without [DONE] is whole, too", HEAD + token() + token("stop"), ""),
    ("no reason", HEAD + token() + token() + DONE, "stream ended without a finish reason"),
    ("a stream that breaks off", HEAD + token(), "stream ended without a finish reason"),
    ("one token less", HEAD + token("length") + DONE, "too few tokens"),
    ("an error event", HEAD + token() + b"event: error\n\n", "error in the stream"),
    ("an error as data", HEAD + token() + chunk(error="gone") + DONE, "error in the stream"),
    ("503", b"HTTP/1.1 503 Service Unavailable\r\n\r\nnot ready", "HTTP 503"),
    ("nothing at all", b"", "connection broke"),
    ("something else on the port", HEAD + b"data: <html>\n\n", "not a stream of completions"),
]


def arguments(port, **changes):
    values = {"url": f"http://127.0.0.1:{port}", "model": "tiny", "rate": 50.0, "tokens": 2, "seconds": 0.02, "most": 64}
    return argparse.Namespace(**{**values, **changes})


async def summary_against(answer, stop_after=None, **changes):
    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        if answer is None:  # never answers
            await asyncio.sleep(stop_after)
        writer.write(answer or b"")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    run = load.Load(arguments(server.sockets[0].getsockname()[1], **changes), None)
    await run.run(asyncio.Event())
    server.close()
    return run.summary()


class LoadTest(unittest.TestCase):
    def test_what_is_lost(self):
        for sentence, answer, kind in CASES:
            with self.subTest(sentence):
                summary = asyncio.run(summary_against(answer))
                self.assertEqual(summary["sent"], 1)
                self.assertEqual(summary["lost"], 1 if kind else 0, summary)
                self.assertEqual(list(summary["why"]), [kind] if kind else [])

    def test_a_service_that_is_not_there(self):
        async def nobody():
            server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]
            server.close()
            await server.wait_closed()
            run = load.Load(arguments(port), None)
            await run.run(asyncio.Event())
            return run.summary()

        self.assertEqual(list(asyncio.run(nobody())["why"]), ["no connection"])

    def test_the_stream_is_bounded_and_says_what_it_left_out(self):
        summary = asyncio.run(summary_against(None, stop_after=0.3, seconds=0.1, most=2))
        self.assertEqual((summary["sent"], summary["skipped"]), (5, 3))
        self.assertEqual(summary["lost"], 5)

    def test_the_pause_is_that_of_the_most_patient_client(self):
        self.assertGreaterEqual(asyncio.run(summary_against(None, stop_after=0.3))["longest_pause"], 0.3)


if __name__ == "__main__":
    unittest.main()
