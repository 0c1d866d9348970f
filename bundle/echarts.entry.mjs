// What of ECharts is in the bundle. `charming` (and our own few calls) find it as the global `echarts`.
import { HeatmapChart, BarChart, GaugeChart, LineChart } from "echarts/charts";
import {
  AriaComponent,
  DataZoomComponent,
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  MarkLineComponent,
  TitleComponent,
  TooltipComponent,
  VisualMapComponent,
} from "echarts/components";
import * as echarts from "echarts/core";
import es from "echarts/i18n/langES-obj.js";
import { CanvasRenderer } from "echarts/renderers";

echarts.use([
  LineChart, BarChart, HeatmapChart, GaugeChart,
  GridComponent, TooltipComponent, DataZoomComponent, MarkAreaComponent, MarkLineComponent, VisualMapComponent,
  LegendComponent, TitleComponent, AriaComponent,
  CanvasRenderer,
]);
echarts.registerLocale("ES", es);

// charming names no locale: months and days follow the page's language.
function init(element, theme, options) {
  const locale = document.documentElement.lang.startsWith("es") ? "ES" : "EN";
  return echarts.init(element, theme || undefined, { locale, ...options });
}

globalThis.echarts = {
  init,
  version: echarts.version,
  connect: echarts.connect,
  disconnect: echarts.disconnect,
  dispose: echarts.dispose,
  getInstanceByDom: echarts.getInstanceByDom,
  registerTheme: echarts.registerTheme,
};
