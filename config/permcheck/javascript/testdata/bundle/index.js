(()=>{"use strict";var e={12:e=>{e.exports=require("wx-server-sdk")},34:(e,t,r)=>{Object.defineProperty(t,"__esModule",{value:!0}),t.make=void 0;
const n=r(12);t.make=async e=>n.openapi.wxacode.get({path:e})}},t={}; // want wxacode.get
function r(n){var o=t[n];if(void 0!==o)return o.exports;var s=t[n]={exports:{}};return e[n](s,s.exports,r),s.exports}
r.n=e=>{var t=e&&e.__esModule?()=>e.default:()=>e;return r.d(t,{a:t}),t},r.d=(e,t)=>{for(var n in t)r.o(t,n)&&!r.o(e,n)&&Object.defineProperty(e,n,{enumerable:!0,get:t[n]})},r.o=(e,t)=>Object.prototype.hasOwnProperty.call(e,t);
var n={};(()=>{var e=n;Object.defineProperty(e,"__esModule",{value:!0}),e.main=void 0;const t=r(34),o=r(12),i=r.n(o);
i().openapi.security.msgSecCheck({}); // want security.msgSecCheck
e.main=async e=>{await(0,t.make)(e.path);return o.openapi.subscribeMessage.send({})}})(); // want subscribeMessage.send
module.exports=n})();
