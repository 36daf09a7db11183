"""The JSON side's blueprints; importing the view modules fills them."""

from __future__ import annotations

from web import api_cases, api_disclosure, api_drafts, api_mandates, api_news, api_oversight
from web.api_catalog import api
from web.api_departments import departments
from web.api_docs import docs
from web.demo import demo
from web.inside import inside
from web.probes import probes

FILLED_BY = (api_drafts, api_cases, api_oversight, api_disclosure, api_mandates, api_news)
ALL = (api, departments, probes, docs, demo, inside)
