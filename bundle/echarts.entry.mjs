// What of ECharts is in the bundle, and no more: every chart of ours is a line over time. `components/chart` finds it as the global
// `echarts`. What is left out: other kinds of charts, and the components whose work our page does (legend, tooltip, slider).
import { LineChart } from "echarts/charts";
import { DataZoomInsideComponent, GridComponent, MarkAreaComponent, TitleComponent } from "echarts/components";
import * as echarts from "echarts/core";
import es from "echarts/i18n/langES-obj.js";
import { CanvasRenderer } from "echarts/renderers";

echarts.use([LineChart, GridComponent, DataZoomInsideComponent, MarkAreaComponent, TitleComponent, CanvasRenderer]);
echarts.registerLocale("ES", es);

// charming names no locale: months and days follow the page's language.
function init(element, theme, options) {
  const locale = document.documentElement.lang.startsWith("es") ? "ES" : "EN";
  return echarts.init(element, theme || undefined, { locale, ...options });
}

globalThis.echarts = { init };
