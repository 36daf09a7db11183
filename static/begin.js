// Says to the style sheets that scripts run; must stand first in the body.
document.body.classList.add("js-enabled", "govuk-frontend-supported");
// Larger type (大字版) where somebody chose it on this device: before anything is shown. A browser may refuse to say.
try {
  document.documentElement.classList.toggle("large-type", localStorage.getItem("type") === "large");
} catch { /* the usual size */ }
