"use strict";
var __importDefault = (this && this.__importDefault) || function (mod) {
    return (mod && mod.__esModule) ? mod : { "default": mod };
};
var __importStar = (this && this.__importStar) || (function () {
    return function (mod) { var result = {}; for (var k in mod) result[k] = mod[k]; return result; };
})();
Object.defineProperty(exports, "__esModule", { value: true });
exports.main = void 0;
const wx_server_sdk_1 = __importDefault(require("wx-server-sdk"));
const tcb = __importStar(require("wx-server-sdk"));
const codes_1 = __importDefault(require("./codes"));
const codes_2 = require("./codes");
wx_server_sdk_1.default.init();
const main = async (event) => {
    await wx_server_sdk_1.default.openapi.security.msgSecCheck({}); // want security.msgSecCheck
    await tcb.openapi.img.aiCrop({}); // want img.aiCrop
    await (0, codes_1.default)(event);
    await (0, codes_2.other)(event);
};
exports.main = main;
