# 规则有何不妥：无法读取的文件、在此处不能触发的规则、不予接受的规则包。
# 规则库自身的英文说明与英文用语一致，由目录测试核对。
rules-in-file = { $file }：{ $why }
rules-in-document = { $file }：第 { $document } 个文档：{ $why }
rules-in-place = { $file }：第 { $document } 个文档：{ $at }：{ $why }
rules-of-rule = { $title }（{ $file }）：{ $why }
rules-of-block = { $file }：规则 { $rule }：{ $why }

rules-yaml = 不是可读取的 YAML：{ $why }
rules-form = 不符合格式：{ $why }
rules-file-large = 共 { $bytes } 字节；规则文件最多 { $limit } 字节
rules-missing = 缺少 `{ $key }`
rules-key = `{ $key }` 是 { $found }，而不是{ $expected }
rules-no-selection = 条件引用了 `{ $name }`，但没有以此命名的选择项

rules-expected = 此处应为{ $why }
rules-expected-map = 键值映射
rules-expected-one-body = `detection`、`correlation`、`filter` 三者之一，且仅有一个
rules-expected-one-document = 单个文档
rules-expected-related = 由 `id` 和 `type` 组成的列表
rules-expected-selections = 选择项的映射
rules-expected-timespan = 数字加 s、m、h、d、w、M 或 y
rules-expected-text-or-texts = 文本或文本列表
rules-expected-selection = 非空的映射或列表
rules-expected-values = 至少一个值
rules-expected-scalar = 单个值或值的列表
rules-expected-text = 文本
rules-expected-texts = 文本列表
rules-expected-bool = true 或 false
rules-expected-number = 用于比较的数字
rules-expected-bounds = 界限的映射
rules-expected-aliases = 别名、规则名和字段的映射
rules-expected-rule-before = 前面已有可供重复的规则
rules-expected-times = 该记录出现的次数
rules-expected-step = 500ms、1s、2m 这样的间隔
rules-expected-time = RFC 3339 时间
rules-expected-kind = 记录种类

rules-unknown-modifier = 不认识的修饰符 `{ $word }`
rules-unknown-action = 不认识的动作 `{ $word }`
rules-unknown-level = 不认识的等级 `{ $word }`
rules-unknown-status = 不认识的状态 `{ $word }`
rules-unknown-correlation = 不认识的关联类型 `{ $word }`
rules-unknown-bound = 不认识的界限 `{ $word }`

rules-modifier-flags = `i`、`m`、`s` 只能跟在 `re` 之后
rules-modifier-twice = 同一修饰符出现两次
rules-modifier-comparisons = `lt`、`lte`、`gt`、`gte` 只能用其一
rules-modifier-time-parts = 时间的组成部分只能取其一
rules-modifier-positions = `contains`、`startswith`、`endswith` 只能用其一
rules-modifier-field-ref = `fieldref` 只能与文本位置修饰符和 `neq` 同用
rules-modifier-kinds = 数字比较、`re`、`cidr`、`exists` 互不相容
rules-modifier-text = 文本修饰符不能与数字比较、`re`、`cidr`、`exists` 同用
rules-modifier-windash = `windash` 不能与编码修饰符同用
rules-modifier-no-field = 此修饰符须有字段

rules-condition-unexpected = 条件：此处不应出现 `{ $word }`
rules-condition-not-a-selection = 条件：应写选择项之处写了 `{ $word }`
rules-condition-parenthesis = 条件：括号没有闭合
rules-condition-ends = 条件：在应写选择项之处结束
rules-condition-of = 条件：`of` 之后应为 `them` 或名称

rules-more-words = 一个条件中的词超过 { $limit } 个
rules-more-condition-levels = 条件的嵌套超过 { $limit } 层
rules-more-conditions = 条件超过 { $limit } 个
rules-more-selection-levels = 选择项的嵌套超过 { $limit } 层
rules-more-values = 一条规则中的值超过 { $limit } 个
rules-more-rules = 规则超过 { $limit } 条
rules-more-copied = 由动作复制的内容超过 { $limit } 字节
rules-more-records = 一个用例中的记录超过 { $limit } 条

rules-unsupported-aggregation = 不支持条件中的聚合
rules-unsupported-words = 不支持以文字写成的规则间条件
rules-unsupported-repetition = 不支持在 `temporal_ordered` 的顺序中重复列出同一规则

rules-no-input = 所需日志没有任何输入能够提供：{ $source }
rules-aggregation = 不支持聚合 `| { $text }`，请改写为关联规则
rules-regex = { $field }：正则表达式无法使用：{ $why }
rules-placeholder = 占位符 %{ $name }% 在此没有取值，用到它的内容不会命中
rules-no-rule = 引用的规则 `{ $rule }` 不存在
rules-deaf = 引用的规则 `{ $rule }` 在此不能触发
rules-filter-source = 与规则 `{ $rule }` 的日志源不同，对其不起作用
rules-filter-target = `{ $rule }` 是关联规则，请过滤它所统计的规则
rules-cycle = 经由其他关联规则引用了自身
rules-duplicate = `{ $rule }` 也是另一条规则的标识或名称，引用时以先出现者为准
rules-taken = 前面的规则已使用 `{ $name }`，请为本规则另设 `id`
rules-field = 此类记录没有字段 `{ $name }`
rules-beyond = 其条件要求的数量超过一个窗口的计数上限 { $limit }

rules-value = { $field }：{ $why }
rules-value-exists = `exists` 的值应为 true 或 false
rules-value-number = 此修饰符的值应为数字
rules-value-field-ref = `fieldref` 的值应为字段名
rules-value-null = null 不能与这些修饰符同用
rules-value-not-finite = 不是可比较的数字
rules-value-network = `cidr` 的值应为网段，如 10.0.0.0/8
rules-value-wildcards = 需编码的值不能含通配符
rules-value-no-text = 编码后的值不是文本，请加上 `base64`
rules-value-expanded = 占位符展开后超过 { $limit } 个值
rules-value-no-name = 字段名为空

rules-excess = 规则开销过大：{ $why }
rules-excess-fields = 全部规则的字段过多
rules-excess-tests = 全部规则的值过多
rules-excess-values = 其值展开后过多
rules-excess-condition = 其条件多次重复庞大的选择项
rules-excess-regexes = 其正则表达式过多
rules-excess-regex = 其中一个正则表达式本身过大
rules-excess-all-regexes = 连同在前规则的正则表达式，总开销已超出上限

rules-block-form = 其 `hangtu` 块不符合格式：{ $why }
rules-block-grades = likelihood 和 impact 的取值为 1 至 5
rules-block-control = 没有控制点 { $id }
rules-block-field = 其匹配的内容没有字段 `{ $name }`

rules-pack-id = { $title }：须有自己的 `id`，由 1 至 64 个可见 ASCII 字符组成
rules-pack-filter = { $title }：过滤规则会使其他规则失效
rules-pack-taken = { $title }：内置规则已使用 `{ $name }` 这一标识或名称
rules-pack-none = 其中没有规则
