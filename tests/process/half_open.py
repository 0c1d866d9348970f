"""Opens connections that never become any: holder.py PORT COUNT mqtt|http. Says "open N" when all of them were opened, and goes on
sending a byte now and then, until its input ends; then how many of them were hung up on."""

import resource
import select
import socket
import sys
import time

port, count, kind = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
count = min(count, hard - 100)

if kind == "mqtt":
    body = b"\x00\x04MQTT\x04\xc2\x00\x3c\x00\x0ahalf-open-\x00\x02m1\x00\x05wrong"
    whole = bytes([0x10, 120]) + body + b"x" * 60
else:
    whole = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"x" * 4096

held, gone = [], 0
for number in range(count):
    one = socket.create_connection(("127.0.0.1", port), 10)
    one.setblocking(False)
    # Some say nothing, some half of it, some a byte at a time.
    said = [0, len(whole) // 2, 1][number % 3]
    if said:
        one.send(whole[:said])
    held.append([one, number % 3, said])
print("open", len(held), flush=True)

poll = select.poll()
poll.register(sys.stdin, select.POLLIN)
while not poll.poll(300):
    kept = []
    for one, manner, said in held:
        try:
            if manner == 2 and said < len(whole) - 1:
                one.send(whole[said : said + 1])
                said += 1
            closed = one.recv(64) == b""
        except BlockingIOError:
            closed = False
        except OSError:
            closed = True
        if closed:
            gone += 1
            one.close()
        else:
            kept.append([one, manner, said])
    held = kept
    time.sleep(0.05)
print("gone", gone, flush=True)
