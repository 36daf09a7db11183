"""For an old system that nobody changes: what the portal has for it lies as CSV in a folder (`out`), and the CSV that
it puts into another one (`in`) goes back as notices. Standard library only, Python 3.10 or newer.

What columns, codes and encoding it has stands in a file of settings (exchange.json), nothing of it here. Let cron call
`python3 exchange.py exchange.json` once a minute; `… sign SECRET ID SECONDS < BODY` prints a signature.
"""

import base64
import csv
import hashlib
import hmac
import io
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime
from pathlib import Path

AGAIN = (401, 408, 425, 429)  # 401: the clock, or a secret that is being changed


def signature(secret, id_, at, body):
    """As the guide says: over id, time and body, with the bytes of the secret."""
    name, mark = ("sm3", "v1sm3,") if secret.startswith("whsm3_") else ("sha256", "v1,")
    key = base64.b64decode(secret.removeprefix("whsec_").removeprefix("whsm3_"))
    return mark + base64.b64encode(hmac.digest(key, f"{id_}.{at}.".encode() + body, name)).decode()


def put(path, content):
    """Whole or not at all: nobody sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".part")
    with fresh.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(path)


class Exchange:
    """One old system between its two folders and its feed."""

    def __init__(self, settings):
        said = json.loads(settings.read_text("utf-8"))
        self.said, self.api = said, said["api"]
        self.out, self.back, self.kept = (settings.parent / said[name] for name in ("out", "in", "kept"))
        self.secret, self.token = ((settings.parent / said[name]).read_text().strip() for name in ("secret", "token"))
        self.csv = {"encoding": said.get("encoding", "utf-8"), "newline": ""}
        self.between = said.get("between", ",")

    def call(self, path, body=None, **headers):
        url = path if path.startswith("http") else self.api + path
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30) as answer:
            return answer.read()

    def fetched(self, path, body=None):
        return self.call(path, body, **{"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"})

    def signed(self, path, id_, body, **headers):
        at = str(int(time.time()))
        return self.call(path, body, **headers, **{
            "webhook-id": id_, "webhook-timestamp": at, "webhook-signature": signature(self.secret, id_, at, body)})

    def fetch(self):
        """The next page of the feed: each message once by its key, and confirmed when it lies there."""
        cursor = self.kept / "cursor"
        page = json.loads(self.fetched(f"/legs?after={cursor.read_text() if cursor.exists() else 0}&limit=100"))
        for line in page["legs"]:
            try:
                message = json.loads(self.fetched(f"/legs/{line['leg']}?n={line['cursor']}"))
            except urllib.error.HTTPError as error:
                if error.code == 404:  # withdrawn before we read it
                    continue
                raise
            name = message["key"].replace(":", "_")
            if not (self.kept / f"{name}.json").exists():
                self.lay_out(name, message)
            self.fetched(f"/legs/{line['leg']}/received", json.dumps({"read_code": message["read_code"]}).encode())
        put(cursor, str(page["cursor"]).encode())

    def lay_out(self, name, message):
        """The papers first, then the line that tells of them."""
        for paper in message["data"].get("materials") or ():
            for number, file in enumerate(paper["files"]):
                content = self.fetched(file["url"])
                if hashlib.sha256(content).hexdigest() != file["sha256"]:
                    raise ValueError(f"{file['name']} is not what was sent")
                put(self.out / name / f"{paper['material']}-{number}{Path(file['name']).suffix}", content)
        data = {**message["data"], "type": message["type"], "at": message["timestamp"]}
        text = io.StringIO()
        csv.writer(text, delimiter=self.between).writerows(
            [self.said["columns"].keys(), [found(data, way) for way in self.said["columns"].values()]])
        put(self.out / f"{name}.csv", text.getvalue().encode(self.csv["encoding"], "replace"))
        put(self.kept / f"{name}.json", json.dumps(message, ensure_ascii=False).encode())

    def report(self):
        """Every line that the old system wrote, in the order of its files; what is refused is kept with its reason."""
        for path in sorted(self.back.glob("*.csv"), key=lambda one: (one.stat().st_mtime_ns, one.name)):
            with path.open(**self.csv) as lines:
                for number, line in enumerate(csv.DictReader(lines, delimiter=self.between)):
                    self.tell(path, number, line)
            (self.kept / "done").mkdir(parents=True, exist_ok=True)
            path.replace(self.kept / "done" / f"{time.time_ns()}-{path.name}")

    def tell(self, path, number, line):
        """The same line has the same webhook-id however often it is sent."""
        at = path.stat().st_mtime_ns
        id_ = "old-" + hashlib.sha256(f"{path.name} {at} {number}".encode()).hexdigest()[:32]
        try:
            notice = self.filled(self.said["states"][line[self.said["state"]].strip()], line, path.parent)
            notice["data"] |= {"leg": line[self.said["leg"]].strip(), "seq": at // 1_000_000 + number}
            notice["timestamp"] = datetime.fromtimestamp(at / 1e9).astimezone().isoformat()
            body = json.dumps(notice, ensure_ascii=False).encode()
            self.signed("/notices", id_, body, **{"Content-Type": "application/json"})
        except urllib.error.HTTPError as error:
            if error.code >= 500 or error.code in AGAIN:
                raise
            self.refused(id_, line, error.read().decode())
        except (KeyError, FileNotFoundError) as error:
            self.refused(id_, line, f"no such code, column or file: {error}")

    def refused(self, id_, line, why):
        print("refused:", line, why, file=sys.stderr)
        put(self.kept / "refused" / f"{id_}.json", json.dumps([line, why], ensure_ascii=False).encode())

    def filled(self, value, line, folder):
        """`{COLUMN}` is what stands in that column, `{file:COLUMN}` the id of the file of that name, sent before."""
        if isinstance(value, dict):
            return {key: self.filled(one, line, folder) for key, one in value.items()}
        if isinstance(value, list):
            return [self.filled(one, line, folder) for one in value]
        if not isinstance(value, str) or not value.startswith("{"):
            return value
        what, _, column = value[1:-1].rpartition(":")
        said = line[column].strip()
        return self.send_file(folder / said) if what == "file" else said

    def send_file(self, path):
        named = f"attachment; filename*=UTF-8''{urllib.parse.quote(path.name)}"
        answer = self.signed("/files", f"old-{os.urandom(12).hex()}", path.read_bytes(),
                             **{"Content-Type": "application/pdf", "Content-Disposition": named})
        return json.loads(answer)["file"]


def found(data, way):
    """`fields.rysl` is that field; several values have a semicolon between, what is not there is empty."""
    for part in way.split("."):
        data = data.get(part) if isinstance(data, dict) else None
    return ";".join(map(str, data)) if isinstance(data, list) else "" if data is None else data


if sys.argv[1] == "sign":
    print(signature(*sys.argv[2:5], sys.stdin.buffer.read()))
else:
    exchange = Exchange(Path(sys.argv[1]))
    exchange.fetch()
    exchange.report()
