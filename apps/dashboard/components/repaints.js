// Charts that grow are painted often. Four corrections of BokehJS 3, of whose names each is looked up: where one is
// not there any more, Bokeh stays as it is. On a page with two charts they take half of the work of an epoch.

function corrected() {
  onePaint(inner("models/plots/plot_canvas")?.PlotView?.prototype);
  noSameSheet(inner("core/dom")?.InlineStyleSheet?.prototype);
  noCss(inner("core/visuals/visual")?.VisualProperties?.prototype);
  noEcho(inner("models/ranges/data_range1d")?.DataRange1d?.prototype);
}

function inner(name) {
  try {
    return window.Bokeh.require(name);
  } catch {
    return null;
  }
}

// A range that follows its lines moves while they are painted, and asks for a second painting of the same.
function onePaint(view) {
  const paint = view?._actual_paint;
  if (!paint || !view.pause || !view._invalidate_layout_if_needed) return;
  view._actual_paint = function () {
    if (this._range_manager?.invalidate_dataranges) {
      this.pause();
      this._range_manager.update_dataranges();
      this._invalidate_layout_if_needed();
      this.unpause(true);
    }
    paint.call(this);
  };
}

// Bokeh writes the same words into its style sheets at each painting, and the browser reads them anew.
function noSameSheet(sheet) {
  const update = sheet?._update;
  if (!update) return;
  sheet._update = function (css) {
    if (this.el.textContent !== css) update.call(this, css);
  };
}

// It asks for the computed style of every property that it paints with; our charts have their looks from the model.
function noCss(visuals) {
  if (visuals?._get_css_value) visuals._get_css_value = () => "";
}

// It tells the server each range that follows its lines, and the server has no use for it.
function noEcho(range) {
  if (range && "is_syncable" in range) Object.defineProperty(range, "is_syncable", {get: () => false});
}

if (!window.repaintsCorrected && window.Bokeh?.require) {
  window.repaintsCorrected = true;
  corrected();
}
