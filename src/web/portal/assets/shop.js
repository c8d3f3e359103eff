// The shop page's comforts; it works without them. Written for old phone browsers.
(function () {
function all(selector, each) { [].forEach.call(document.querySelectorAll(selector), each); }
function get(id) { return document.getElementById(id); }

// The pay button names the price; a tap on a package leads on to the number.
all('[name=package]', function (radio) {
  function show() { if (radio.checked) get('pay').textContent = radio.getAttribute('data-pay'); }
  radio.addEventListener('change', show);
  radio.addEventListener('click', function (tap) {
    if (tap.detail && !get('phone').value) get('phone').focus();
  });
  show();
});

// A form is sent once; coming back to the page makes it ready again.
all('form[data-sending]', function (form) {
  var button = form.querySelector('.main'), text, sent;
  form.addEventListener('submit', function (event) {
    if (sent) return event.preventDefault();
    sent = true;
    text = button.textContent;
    button.textContent = form.getAttribute('data-sending');
  });
  addEventListener('pageshow', function () {
    if (sent) button.textContent = text;
    sent = false;
  });
});
})();
