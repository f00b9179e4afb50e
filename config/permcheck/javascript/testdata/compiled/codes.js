"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.other = other;
var _wxServerSdk = _interopRequireDefault(require("wx-server-sdk"));
function _interopRequireDefault(e) { return e && e.__esModule ? e : { default: e }; }
exports.default = (event) => _wxServerSdk.default.openapi.wxacode.get({}); // want wxacode.get
function other() {
    return _wxServerSdk.default.openapi.wxacode.getUnlimited({}); // want wxacode.getUnlimited
}
