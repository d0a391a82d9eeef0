-- Serves the static files of the status page inside HAProxy, so that the page needs no service and
-- no supervisor. Only the paths of this table exist; each file is read anew for each request, since
-- bulkheadd replaces it (by rename) when something changes. Relative to the estate's folder.
local folder = "public/status/"
local html = "text/html; charset=utf-8"
local atom = "application/atom+xml; charset=utf-8"
local files = {
  ["/api/v2/summary.json"] = { "summary.json", "application/json" },
  ["/.bulkhead/gateway.css"] = { "gateway.css", "text/css; charset=utf-8" },
}
for _, language in ipairs({ "en", "fr", "es", "ar", "zh", "ru" }) do
  files["/" .. language .. "/"] = { language .. ".html", html }
  files["/" .. language .. "/feed.atom"] = { language .. ".atom", atom }
end

local function answer(applet, status, content_type, body)
  applet:set_status(status)
  applet:add_header("content-type", content_type)
  applet:add_header("content-length", tostring(#body))
  applet:add_header("cache-control", "no-cache")
  applet:add_header("x-content-type-options", "nosniff")
  applet:add_header("content-security-policy",
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
  if content_type == "application/json" then
    applet:add_header("access-control-allow-origin", "*")
  end
  applet:start_response()
  if applet.method ~= "HEAD" then
    applet:send(body)
  end
end

core.register_service("status", "http", function(applet)
  if applet.method ~= "GET" and applet.method ~= "HEAD" then
    return answer(applet, 405, "text/plain", "Only GET and HEAD.\n")
  end
  local entry = files[applet.path]
  if entry == nil then
    return answer(applet, 404, "text/plain", "Not found. The status page is at /en/\n")
  end
  local file = io.open(folder .. entry[1], "rb")
  if file == nil then
    return answer(applet, 503, "text/plain", "The status page has not been written yet.\n")
  end
  local body = file:read("a")
  file:close()
  return answer(applet, 200, entry[2], body)
end)
