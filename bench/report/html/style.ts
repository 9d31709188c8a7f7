import { figures } from './style-figures.js'

/**
 * Okabe and Ito's hues, darkened on white and lightened on black until words in them can be read; nothing is told by colour
 * alone.
 */
const colours = `
:root{color-scheme:light dark;
--paper:#fdfdfb;--raised:#f5f5f1;--ink:#1c1f24;--soft:#5c626b;--rule:#dddcd5;--fill:#c9cdd4;
--typical:#0b5fa5;--tail:#b4500b;--third:#0c7a5b;--ok:#0c6e52;--bad:#b03a06;--open:#6a5a00;--link:#0b5fa5}
@media (prefers-color-scheme:dark){:root{
--paper:#15171a;--raised:#1d2024;--ink:#e8e6e1;--soft:#a3a8b0;--rule:#33373d;--fill:#4a515b;
--typical:#6db3f2;--tail:#f0a05a;--third:#4fc9a4;--ok:#58c9a6;--bad:#f4905c;--open:#d9c25c;--link:#8cc4f7}}
`

const type = `
*{box-sizing:border-box}
html{scroll-padding-top:4rem;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:break-word}
header,main,footer{max-width:76rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:1.6rem}
.mark-of{font-weight:650;letter-spacing:.01em;margin:0;max-width:none}
.mark-of span{font-weight:400;color:var(--soft)}
h1{font-size:clamp(1.3rem,1rem + 1.2vw,1.75rem);line-height:1.22;font-weight:650;letter-spacing:-.015em;max-width:34em;margin:.35rem 0 .7rem;text-wrap:balance}
h2{font-size:1.45rem;line-height:1.25;font-weight:650;letter-spacing:-.01em;margin:0 0 .4rem}
h3{font-size:1.05rem;font-weight:650;margin:2.2rem 0 .3rem}
section{padding:2.6rem 0 0}
#answer{padding-top:1.3rem}
#ladder{padding-top:1.6rem}
section:focus{outline:none}
p{margin:.5rem 0;max-width:46rem}
.lead{color:var(--soft);margin:0 0 .8rem;max-width:60rem}
.note{color:var(--soft);font-size:.875rem}
small{font-size:.8125rem;color:var(--soft);font-weight:400}
a{color:var(--link)}
ul,ol{padding-left:1.2rem;max-width:52rem}
li{margin:.3rem 0}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;font-size:.9em}
pre{background:var(--raised);border:1px solid var(--rule);border-radius:6px;padding:.8rem 1rem;overflow-x:auto;margin:.6rem 0}
:focus-visible{outline:2px solid var(--link);outline-offset:2px;border-radius:2px}
.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
[hidden]{display:none!important}
.name{font-weight:600}
.exhibit{text-decoration:none;color:var(--soft)}
.none{color:var(--soft)}
.mark{font-weight:700}
.ok{color:var(--ok)}.bad{color:var(--bad)}.open{color:var(--open)}
`

const bar = `
.bar{position:sticky;top:0;z-index:2;background:var(--paper);border-bottom:1px solid var(--rule)}
.bar>div{max-width:76rem;margin:0 auto;padding:0 1.25rem;display:flex;align-items:center;gap:1rem;height:2.9rem}
nav{overflow-x:auto;flex:1;min-width:0;scrollbar-width:none}
nav ul{display:flex;gap:1rem;list-style:none;margin:0;padding:.3rem 2px;max-width:none}
nav li{margin:0}
nav a{color:var(--soft);text-decoration:none;font-size:.875rem;white-space:nowrap}
nav a:hover{color:var(--ink);text-decoration:underline}
#view{position:relative;font-size:.875rem}
#view>summary{cursor:pointer;white-space:nowrap;list-style:none;border:1px solid var(--rule);border-radius:6px;padding:.2rem .65rem}
#view>summary::-webkit-details-marker{display:none}
#view>summary::after{content:" ▾";color:var(--soft)}
#view>div{position:absolute;right:0;top:calc(100% + .4rem);width:min(22rem,calc(100vw - 2.5rem));max-height:70vh;overflow:auto;background:var(--paper);border:1px solid var(--rule);border-radius:8px;box-shadow:0 8px 30px rgb(0 0 0/.18);padding:1rem}
#view select,#view button{font:inherit;color:inherit;background:var(--raised);border:1px solid var(--rule);border-radius:6px;padding:.25rem .5rem;max-width:100%}
#view fieldset{border:0;margin:.8rem 0;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(8.5rem,1fr));gap:.15rem .8rem}
#view legend{padding:0;color:var(--soft);margin-bottom:.2rem}
#view label{display:flex;gap:.4rem;align-items:center;min-width:0;overflow-wrap:anywhere;padding:.1rem 0}
#state{margin:.8rem 0 0;padding:.5rem .8rem;border-left:3px solid var(--typical);background:var(--raised);font-size:.875rem}
#state:empty{display:none}
`

const paper = `
@media print{
:root{color-scheme:light;--paper:#fff;--raised:#f6f6f3;--ink:#000;--soft:#444;--rule:#bbb;--fill:#c9cdd4;--typical:#0b5fa5;--tail:#b4500b;--third:#0c7a5b;--ok:#0c6e52;--bad:#b03a06;--open:#6a5a00;--link:#000}
@page{size:A4;margin:14mm}
html{font-size:10px}
svg text{font-size:8px}
.timeline text,.timeline .event,.timeline .answer{font-size:11px}
table.strips th:nth-child(2){width:40%;min-width:16rem}
.bar{display:none}
header,main,footer{max-width:none;padding:0}
header{padding-top:0}
section{padding-top:1.2rem}
.scroll{overflow:visible;border:0}
table.checks td,table.checks th{padding:.2rem .2rem}
th,td{padding-left:.3rem;padding-right:.3rem}
details::details-content{content-visibility:visible;block-size:auto}
summary{list-style:none;font-weight:600}
tr,figure,.card,.timeline,li{break-inside:avoid}
h2,h3,caption{break-after:avoid}
thead{display:table-header-group}
pre{white-space:pre-wrap}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
}
`

export const style = `${colours}${type}${bar}${figures}${paper}`.replaceAll(/\n+/g, '\n').trim()
