/** Tables, strips, cards, timelines, panels. */
export const figures = `
.scroll{overflow-x:auto;margin:.6rem 0;position:relative}
table{border-collapse:collapse;font-size:.9rem;min-width:100%}
caption{text-align:left;color:var(--soft);font-size:.875rem;padding:.2rem 0 .35rem}
th,td{padding:.45rem .7rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--rule)}
table.choices caption,table.ladder caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
thead th{font-weight:500;color:var(--soft);font-size:.8125rem;vertical-align:bottom;border-bottom:1px solid var(--soft)}
thead th small{display:block}
tbody th{font-weight:400;white-space:nowrap}
th:first-child,td:first-child{padding-left:0}
.figure{text-align:right;white-space:nowrap}
td small{display:block;line-height:1.35}
.verdict{display:grid;grid-template-columns:minmax(0,1fr);gap:0 2.5rem}
.answers{padding:0;list-style:none;margin:.6rem 0;max-width:none;font-size:.9rem;line-height:1.45}
.answers li{padding-left:.8rem;border-left:3px solid var(--rule);margin:0 0 .55rem}
@media (min-width:70rem){.verdict{grid-template-columns:minmax(0,1.75fr) minmax(0,1fr)}}
table.choices td{min-width:8.6rem;white-space:normal}
table.choices td,table.choices th{padding-top:.35rem;padding-bottom:.35rem}
table.choices .pick{font-size:1.05rem;font-weight:650}
table.ladder tbody td,table.ladder tbody th{vertical-align:middle;white-space:nowrap}
.scroll tbody th{position:sticky;left:0;background:var(--paper)}
.unclaimed{color:var(--soft)}
table.strips{table-layout:auto}
table.strips th:nth-child(2){width:46%;min-width:15rem;padding-bottom:.2rem}
table.strips td:nth-child(2){padding-top:.25rem;padding-bottom:.25rem;vertical-align:middle}
table.strips tbody th{vertical-align:middle}
table.strips tbody td{vertical-align:middle}
svg.strip{display:block;width:100%}
svg.strip path,svg.strip polygon{vector-effect:non-scaling-stroke}
svg.axis{display:block;overflow:visible}
svg text{fill:var(--soft);font-size:11px;font-family:inherit}
.key{display:inline-block;width:1.1rem;height:.22rem;vertical-align:middle;background:var(--typical)}
.key.tail{background:var(--tail)}.key.third{background:var(--third)}
table.checks td,table.checks thead th:not(:first-child){text-align:center;padding-left:.4rem;padding-right:.4rem}
.upright{writing-mode:vertical-rl;transform:rotate(180deg);white-space:nowrap}
details{margin:.4rem 0 1rem}
main summary{cursor:pointer;color:var(--soft);font-size:.875rem}
main summary:hover{color:var(--ink)}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,22.6rem),1fr));gap:1.2rem;margin:1rem 0;align-items:start}
.cards.small{grid-template-columns:repeat(auto-fill,minmax(min(100%,19.5rem),1fr))}
.card{border:1px solid var(--rule);border-radius:8px;padding:.9rem 1rem;margin:0;min-width:0}
.card h3{margin:0 0 .3rem}
.card h3 small{font-weight:400}
.evidence{font-size:.875rem;color:var(--soft);margin:.25rem 0;overflow-wrap:anywhere}
.evidence b{color:var(--ink);font-weight:600}
svg.timeline{display:block;max-width:100%;height:auto;margin:.6rem 0 .2rem}
.timeline .lane{stroke:var(--rule);stroke-width:1}
.timeline .guide{stroke:var(--rule);stroke-width:1;stroke-dasharray:1 3}
.timeline .head{font-weight:600}
.timeline .event{fill:var(--ink);font-size:12px}
.timeline .answer{fill:var(--ink);font-size:12px;font-weight:600}
.timeline .op{fill:var(--fill);stroke:var(--soft)}
.timeline .accepted .op{fill:var(--ok);stroke:var(--ok)}
.timeline .refused .op{fill:var(--paper);stroke:var(--bad);stroke-width:2}
.timeline .refused .answer{fill:var(--bad)}
.timeline .accepted .answer{fill:var(--ok)}
.timeline .dot{fill:var(--paper);stroke:var(--soft);stroke-width:2}
.timeline .refused .dot{stroke:var(--bad)}
.timeline .accepted .dot{stroke:var(--ok)}
.timeline .strike{stroke:var(--bad);stroke-width:2;fill:none}
.timeline .took{font-weight:400;fill:var(--soft)}
.timeline .fault .event{font-style:italic}
table.heat{width:100%;min-width:0;font-size:.78rem}
table.heat caption{color:var(--ink)}
table.heat td,table.heat th{text-align:center;padding:.35rem .1rem;border:2px solid var(--paper)}
table.heat th{color:var(--soft);font-weight:400}
.h1{background:color-mix(in srgb,var(--bad) 10%,var(--paper))}
.h2{background:color-mix(in srgb,var(--bad) 18%,var(--paper))}
.h3{background:color-mix(in srgb,var(--bad) 26%,var(--paper))}
.h4{background:color-mix(in srgb,var(--bad) 34%,var(--paper))}
.h5{background:color-mix(in srgb,var(--bad) 42%,var(--paper))}
.panels{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,300px),1fr));gap:1rem;margin:.8rem 0}
.panels figure{margin:0;min-width:0}
.panels figcaption{font-size:.9rem}
svg.panel{display:block;max-width:100%;height:auto}
svg.legend{vertical-align:middle}
.facts{margin:1rem 0;max-width:60rem}
.facts>div{display:grid;grid-template-columns:14rem 1fr;gap:.2rem 1.2rem;padding:.5rem 0;border-bottom:1px solid var(--rule)}
.facts dt{color:var(--soft)}
.facts dd{margin:0;min-width:0}
.findings li{margin:.9rem 0}
.findings p{margin:.1rem 0}
.finding{font-weight:650}
.confirmed{color:var(--ok)}.refuted{color:var(--bad)}.undecided{color:var(--open)}
.measured{color:var(--soft);font-size:.9rem}
footer{padding-top:3rem;padding-bottom:3rem;color:var(--soft);font-size:.875rem}
@media (max-width:40rem){
header,main,footer,.bar>div{padding-left:1rem;padding-right:1rem}
header{padding-top:1.5rem}
.facts>div{grid-template-columns:1fr}
table.strips thead,table.strips thead tr{display:block}
table.strips thead th,table.choices thead{display:none;border:0}
table.strips thead th:nth-child(2){display:block;width:100%;min-width:0;padding:0}
table.strips tbody,table.choices tbody{display:block}
table.strips tbody tr,table.choices tbody tr{display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:.2rem .6rem;padding:.7rem 0;border-bottom:1px solid var(--rule)}
table.choices tbody tr{grid-template-columns:repeat(2,minmax(0,1fr));gap:.5rem .8rem}
table.strips tbody th,table.strips tbody td,table.choices tbody th,table.choices tbody td{border:0;padding:0;display:block;text-align:left;min-width:0;white-space:normal}
table.strips tbody th,table.strips tbody td:nth-child(2),table.choices tbody th{grid-column:1/-1}
table.choices tbody th{color:var(--soft)}
td small{font-size:.75rem}
td[data-label]::before{content:attr(data-label);display:block;font-size:.75rem;color:var(--soft);line-height:1.3}
}
`
