"""The JSON side's blueprints; importing the view modules fills them."""

from __future__ import annotations

from web.api import agreements, cases, disclosure, drafts, mandates, news, oversight
from web.api.catalog import api
from web.api.departments import departments
from web.api.docs import docs
from web.demo import demo
from web.inside import inside
from web.probes import probes

FILLED_BY = (drafts, agreements, cases, oversight, disclosure, mandates, news)
ALL = (api, departments, probes, docs, demo, inside)
