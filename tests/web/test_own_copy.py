"""A person fetches all that is kept of them, and nothing of anybody else."""

import base64
import io
import json
import zipfile

from web.own_copy import README


def copy_of(caller):
    answer = caller.get("/api/me/copy")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="copy-')
    assert answer.headers["Cache-Control"] == "private, no-store"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as package:
        assert package.testzip() is None
        names = package.namelist()
        assert len(names) == len(set(names))
        return {name: package.read(name) for name in names}


def test_everything_that_is_kept_of_a_person_is_in_their_copy(applicant, caller, filing, signed, drawing):
    reference = applicant.file(filing, "k1").json["reference"]
    draft = applicant.post("/api/drafts", {"bundle": "connect", "situation": {"services": ["water"]}}).json["draft"]
    applicant.patch(f"/api/drafts/{draft}", {"form": {"project_name": "没提交的项目"}})
    result = {"name": "供水协议", "files": [{"name": "协议.png", "type": "image/png",
                                         "base64": base64.b64encode(drawing).decode()}]}
    now = applicant.get(f"/api/cases/{reference}").json["filed_at"]
    raw = json.dumps({"type": "leg.granted", "timestamp": now,
                      "data": {"leg": f"{reference}-01", "results": [result]}}).encode()
    assert caller().call("POST", "/api/departments/water-office/notices", headers=signed("water", raw),
                         data=raw).status_code == 204
    found = copy_of(applicant)
    case = f"办件/{reference} 水电联办"
    assert set(found) >= {README, "账号.json", "消息.json", "委托.json", "请您确认的.json", "替别人办的.json",
                          f"草稿/{draft}.json", *(f"{case}/{name}" for name in (
                              "办件.txt", "办件.json", "填写的内容.json", "发给了谁.json"))}
    assert "没提交的项目" in found[f"草稿/{draft}.json"].decode()
    assert json.loads(found[f"{case}/填写的内容.json"])["form"]["project_name"] == "示例项目"
    told = json.loads(found[f"{case}/发给了谁.json"])["recipients"]
    assert [(one["leg"], "项目名称" in one["answers"]) for one in told] == [("01", True), ("02", True)]
    assert "示例项目" in found[f"{case}/办件.txt"].decode()
    papers = {name: content for name, content in found.items() if "/材料/" in name}
    results = {name: content for name, content in found.items() if "/结果/" in name}
    assert ([*papers.values()], [*results.values()]) == ([drawing], [drawing])
    assert all(name.startswith(case) for name in (*papers, *results))


def test_a_copy_has_nothing_of_others_and_is_there_for_whoever_has_nothing(applicant, caller, filing):
    reference = applicant.file(filing, "k1").json["reference"]
    other = copy_of(caller("applicant"))
    assert set(other) == {README, "账号.json", "消息.json", "委托.json", "窗口接待.json", "请您确认的.json",
                          "替别人办的.json"}
    assert not any(reference.encode() in content for content in other.values())
    assert caller().get("/api/me/copy").status_code == 401
    assert caller("officer", "water-office").get("/api/me/copy").status_code == 403
