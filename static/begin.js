// Says to the style sheets that scripts run; must stand first in the body.
document.body.classList.add("js-enabled", "govuk-frontend-supported");
