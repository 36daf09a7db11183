// Takes reference and code from the address fragment of the QR code: a fragment is never sent to any server's log.
const form = document.querySelector("form[data-track]");
const parts = new URLSearchParams(location.hash.slice(1));
if (form && parts.get("r") && parts.get("c")) {
  history.replaceState(null, "", location.pathname);
  form.elements.reference.value = parts.get("r");
  form.elements.code.value = parts.get("c");
  form.requestSubmit();
}
