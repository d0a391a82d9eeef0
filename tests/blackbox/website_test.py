"""The website as a program: pages, feed, recovered content picked up while it runs."""
import xml.etree.ElementTree as ElementTree

from service_process import START_TIMEOUT_S, Service, time

with Service("website") as service:
    status, headers, body = service.get("/", headers={"Accept-Language": "ar, en;q=0.5"})
    assert status == 302 and headers["Location"] == "/ar", (status, headers["Location"])

    status, headers, body = service.get("/ar")
    assert status == 200 and b'dir="rtl"' in body
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy, policy

    status, headers, body = service.get("/zh/news/feed.atom")
    feed = ElementTree.fromstring(body)
    entries = feed.findall("{http://www.w3.org/2005/Atom}entry")
    assert len(entries) >= 4, len(entries)

    status, headers, body = service.get("/sitemap.xml")
    assert len(ElementTree.fromstring(body)) > 60

    # What a recovery brings back is served without a restart.
    page = service.data / "pages/about/en.md"
    clean = page.read_bytes()
    page.write_bytes(b"\x8f\x01 encrypted")
    deadline = time.monotonic() + START_TIMEOUT_S
    while b"What the Organization does" in service.get("/en/about")[2]:
        assert time.monotonic() < deadline
    assert service.get("/integrity")[0] == 500
    assert service.get("/readyz")[0] == 200, "one bad page does not take the site down"
    page.write_bytes(clean)
    while b"What the Organization does" not in service.get("/en/about")[2]:
        assert time.monotonic() < deadline
    assert service.get("/integrity")[0] == 200
print("website: pages, feed, sitemap, content read again")
