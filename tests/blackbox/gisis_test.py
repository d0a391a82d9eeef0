"""GISIS as a program: lists and their exports agree, imports are for operators and say what they
refuse and why, and the copy for the backup holds what is shown."""
import csv
import io
import json
import re
import sqlite3
import urllib.parse

from service_process import Service, UnixConnection

OPERATOR = {"X-Bulkhead-Role": "operator"}
# Beside the good rows: a wrong check digit, a key twice, a short number, a row cut short.
SHIPS = """imo_number,name,flag,year_built
9176187,Newly Imported,FR,1998
9034137,Wrong Digit,PA,2001
9176187,Second Time,GB,1999
12345,Too Short,GB,1999
9074729,Cut Off
"""
# By row of the file, the header being the first.
REFUSED = {"3": ("9034137", "the check digit does not match"),
           "4": ("9176187", "an earlier row of the file has the same key"),
           "5": ("12345", "wrong number of digits"),
           "6": ("2 / 4", "the row has another number of cells than the header")}


def post(service, target, body=b"", headers=None):
    connection = UnixConnection(service.socket, "gisis.localhost")
    try:
        connection.request("POST", target, body=body, headers=headers or {})
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def form_token(service):
    """The token in the page's form, and the cookie that it belongs to."""
    status, headers, page = service.get("/en/imports", headers=OPERATOR)
    assert status == 200, status
    token = re.search(r'name="form_token" value="([^"]+)"', page.decode()).group(1)
    return token, {"Cookie": headers["Set-Cookie"].split(";")[0]}


def upload(service, token, headers):
    parts = {"module": "ships", 'file"; filename="new.csv': SHIPS}
    if token is not None:
        parts["form_token"] = token
    body = "".join(f'--x1\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{content}\r\n'
                   for name, content in parts.items()) + "--x1--\r\n"
    return post(service, "/en/imports", body.encode(),
                headers | {"Content-Type": "multipart/form-data; boundary=x1"})


def records(service, query="", module="ships"):
    """The keys that the page, the JSON and the CSV of one address show; they must agree."""
    status, headers, body = service.get(f"/en/{module}.json{query}")
    assert status == 200 and headers["Content-Type"].startswith("application/json"), status
    listed = json.loads(body)
    keys = [record["key"] for record in listed["records"]]
    assert listed["total"] == len(keys) and listed["next"] is None, listed
    status, headers, body = service.get(f"/en/{module}.csv{query}")
    assert status == 200 and headers["Content-Type"].startswith("text/csv"), status
    rows = list(csv.DictReader(io.StringIO(body.decode())))
    assert [row["key"] for row in rows] == keys, (query, rows)
    status, _, page = service.get(f"/en/{module}{query}")
    counted = re.search(r"<strong>(\d+) records?</strong>", page.decode())
    assert status == 200, status
    assert (int(counted.group(1)) if counted else 0) == len(keys), (query, counted)
    shown = re.findall(rf'scope="row"><a href="/en/{module}/([^"]+)"', page.decode())
    assert shown == keys[:len(shown)] and bool(shown) == bool(keys), (query, shown)
    return listed["records"], rows


def problem(service, target, status):
    answered, headers, body = service.get(target)
    assert answered == status, (target, answered)
    assert headers["Content-Type"] == "application/problem+json", headers["Content-Type"]
    told = json.loads(body)
    assert told["status"] == status, told
    return told["detail"]


def check_reading(service):
    everything, _ = records(service)
    imported = (service.data / "import/ships.csv").read_text().splitlines()
    assert len(everything) == len(imported) - 1, len(everything)
    panama, rows = records(service, "?flag=PA")
    assert {record["key"] for record in panama} == {
        record["key"] for record in everything if record["fields"]["flag"] == "PA"}
    assert 0 < len(panama) < len(everything) and {row["flag"] for row in rows} == {"PA"}
    newer, _ = records(service, "?flag=PA&year_built_from=2010")
    assert {record["key"] for record in newer} == {
        record["key"] for record in panama if record["fields"]["year_built"] >= 2010}
    assert 0 < len(newer) < len(panama), newer
    found, _ = records(service, "?" + urllib.parse.urlencode({"q": "gulf pearl"}))
    assert [record["key"] for record in found] == ["4045060"], found
    assert records(service, "?q=nothinglikeit") == ([], [])
    records(service, module="ports")

    status, _, page = service.get("/en/ships/4045060")
    for fact in (b"Sample Gulf Pearl", b"Panama", b"114,890", b"Gas carrier"):
        assert status == 200 and fact in page, fact
    status, headers, page = service.get("/ar/ships/4045060")
    assert status == 200 and headers["Content-Language"] == "ar" and b'dir="rtl"' in page
    alone = json.loads(service.get("/en/ships/4045060.json")[2])
    assert alone["fields"] == found[0]["fields"], alone

    assert "0000000" in problem(service, "/en/ships/0000000.json", 404)
    assert "nothing" in problem(service, "/en/nothing.json", 404)
    assert service.get("/en/ships/0000000")[0] == 404
    assert '"yesterday" is no date' in problem(service, "/en/piracy.json?date_from=yesterday", 400)
    assert "year_built" in problem(service, "/en/ships.json?year_built_from=old", 400)
    assert service.get("/en/ships.csv?year_built_from=old")[0] == 400
    assert "colour" in problem(service, "/en/ships.json?sort=colour", 400)
    status, _, page = service.get("/en/piracy?date_from=yesterday")
    assert status == 400 and b"cannot be understood" in page, status


def check_importing(service):
    token, cookie = form_token(service)
    operator = OPERATOR | cookie
    before, _ = records(service)
    read_only = operator | {"X-Bulkhead-Exposure": "read-only"}
    for sent, headers in ((token, cookie), (token, cookie | {"X-Bulkhead-Role": "member"}),
                          (None, operator), ("wrong", operator), (token, OPERATOR)):
        assert upload(service, sent, headers)[0] == 403, (sent, headers)
    status, _, _ = upload(service, token, read_only)
    assert status == 403, status
    assert service.get("/en/imports")[0] == 403 and service.get("/en/imports/1")[0] == 403
    assert b"form_token" not in service.get("/en/imports", headers=read_only)[2]
    assert records(service)[0] == before, "a refused import changed something"
    assert service.get("/en/imports/4", headers=OPERATOR)[0] == 404

    status, headers, _ = upload(service, token, operator)
    assert status == 303, status
    report = headers["Location"]
    status, _, page = service.get(report, headers=OPERATOR)
    table = re.findall(r"<tr[^>]*>(.*?)</tr>", page.decode(), re.S)
    told = {}
    for row in table:
        cells = [re.sub("<[^>]+>", "", cell).strip()
                 for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)]
        if "Row refused" in cells:
            told[cells[0]] = (cells[3], cells[4])
    assert told.keys() == REFUSED.keys(), told
    for row, (given, reason) in REFUSED.items():
        assert told[row] == (given, reason), (row, told[row])
    status, _, body = service.get(report + "/refused.csv", headers=OPERATOR)
    kept = list(csv.reader(io.StringIO(body.decode())))
    assert status == 200 and len(kept) == 1 + len(REFUSED), kept
    assert [row[-1] for row in kept[1:]] == [reason for _, reason in REFUSED.values()], kept
    assert service.get(report + "/refused.csv")[0] == 403

    after, _ = records(service)
    assert {record["key"] for record in after} - {record["key"] for record in before} == {"9176187"}
    assert len(after) == len(before) + 1, len(after)
    found, _ = records(service, "?q=newly+imported&flag=FR")
    assert found[0]["fields"]["year_built"] == 1998, found
    return len(after)


def check_copy(service, ships):
    status, _, body = service.get("/integrity")
    assert status == 200 and json.loads(body) == {"intact": True}, body
    copy = service.data / ".quiesced/gisis.sqlite"
    assert not copy.exists()
    assert post(service, "/quiesce")[0] == 200
    with sqlite3.connect(f"file:{copy}?mode=ro&immutable=1", uri=True) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        names = [name for name, in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%ships%'")]
        held = [name for name in names if "search" not in name and database.execute(
            f'SELECT count(*) FROM "{name}" WHERE key = ?', ("9176187",)).fetchone() == (1,)]
        assert len(held) == 1, names
        assert database.execute(f'SELECT count(*) FROM "{held[0]}"').fetchone() == (ships,)


with Service("gisis") as running:
    check_reading(running)
    count = check_importing(running)
    check_copy(running, count)
print(f"gisis: {count} ships listed, exported and copied; {len(REFUSED)} rows refused")
