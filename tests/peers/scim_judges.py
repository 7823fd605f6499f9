"""Two SCIM checkers of other people behind one protocol of lines: scim2-tester and scim-sanity.

One JSON object per line in, one per line out. Commands:

  {"cmd": "tester", "base": url, "token": text, "seed": number}
  {"cmd": "sanity", "base": url, "token": text, "profile": name or null}

Both create, change and delete users and groups on the server. The answer is {"results": [{"verdict", "title", "about",
"reason"}]}, the verdict in lower case and in the checker's own words: success, pass, skip, warn, fail, error …
"""

import json
import random
import sys
import traceback


def tester(command):
    """Every check of scim2-tester, against the models that the server's own /Schemas describes."""
    from httpx2 import Client
    from scim2_client.engines.httpx2 import SyncSCIMClient
    from scim2_tester import check_server

    random.seed(command.get("seed", 1))
    headers = {"Authorization": "Bearer " + command["token"]}
    with Client(base_url=command["base"], headers=headers, timeout=30, trust_env=False) as http:
        results = check_server(SyncSCIMClient(http))
    return [
        {
            "verdict": result.status.name.lower(),
            "title": result.title or "",
            "about": result.resource_type or "",
            "reason": text(result.reason, result.data),
        }
        for result in results
    ]


def text(reason, data):
    """The reason, with what the server answered where the reason alone does not say it."""
    if data is None or len(reason or "") > 200:
        return reason or ""
    return f"{reason or ''} {data!r}"[:2000]


def sanity(command):
    """Every phase of scim-sanity, strict, side effects accepted."""
    from scim_sanity.probe.runner import run_probe_api

    report = run_probe_api(
        command["base"],
        token=command["token"],
        strict=True,
        profile=command.get("profile"),
        user_domain="example.com",
    )
    return [
        {
            "verdict": result["status"].lower(),
            "title": result["name"],
            "about": result.get("phase") or "",
            "reason": result.get("message") or "",
        }
        for result in report["results"]
    ]


def main():
    judges = {"tester": tester, "sanity": sanity}
    for line in sys.stdin:
        try:
            command = json.loads(line)
            answer = {"results": judges[command["cmd"]](command)}
        except Exception as problem:
            traceback.print_exc()
            answer = {"error": repr(problem)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
