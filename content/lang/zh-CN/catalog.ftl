credit-code-length = 统一社会信用代码应为18位，当前为{ $found }位。
credit-code-character = 统一社会信用代码第{ $position }位不应为“{ $found }”：代码不使用字母I、O、S、V、Z，第3至8位应为数字。
credit-code-check = 校验位应为{ $expected }，当前为{ $found }，请对照营业执照核对代码。
