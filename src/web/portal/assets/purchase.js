// The purchase page's comforts; it works without them. Written for old phone browsers.
(function () {
function all(selector, each) { [].forEach.call(document.querySelectorAll(selector), each); }
function get(id) { return document.getElementById(id); }

// Asks for news and shows it; asks at once when the phone comes back from the M-PESA prompt.
all('[data-wait]', function (part) {
  var url = part.getAttribute('data-wait'), seen = url.split('seen=')[1], call;
  function ask() {
    call = new XMLHttpRequest();
    call.open('GET', url);
    call.timeout = 40000;
    call.onload = function () {
      if (this.status == 200 && this.responseText.trim() != seen) return location.reload();
      setTimeout(ask, this.status == 200 ? 500 : 5000);
    };
    call.onerror = call.ontimeout = function () { setTimeout(ask, 3000); };
    call.send();
  }
  document.addEventListener('visibilitychange', function () {
    if (!document.hidden) location.reload();
  });
  ask();
});

// Countdowns, and what follows them.
all('[data-left]', function (clock) {
  var then = clock.getAttribute('data-then'), line = clock.parentNode, stopped;
  var end = Date.now() + clock.getAttribute('data-left') * 1000;
  function tick() {
    if (stopped) return;
    var left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    clock.textContent = Math.floor(left / 60) + ':' + ('0' + left % 60).slice(-2);
    if (left) return setTimeout(tick, 250);
    if (then == 'reload') return setTimeout(function () { location.reload(); }, 1000);
    line.hidden = true;
    if (then == 'enable') line.parentNode.querySelector('.main').disabled = false;
    if (then == 'connect') {
      try { history.replaceState(null, '', '#done'); } catch (e) {}
      location.href = get('connect').href;
    }
  }
  if (then == 'connect') {
    if (location.hash == '#done') return;
    line.hidden = false;
    line.querySelector('[data-stop]').addEventListener('click', function () {
      stopped = line.hidden = true;
    });
  }
  tick();
});

all('[data-copy]', function (button) {
  button.hidden = false;
  button.addEventListener('click', function () {
    var range = document.createRange(), selection = getSelection();
    range.selectNodeContents(get(button.getAttribute('data-copy')));
    selection.removeAllRanges();
    selection.addRange(range);
    if (document.execCommand('copy')) button.textContent = button.getAttribute('data-copied');
  });
});
})();
