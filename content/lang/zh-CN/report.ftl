# 报告：HTML、SARIF、OCSF、XLSX。

# 页面框架
report-title = 工业数据安全检测报告
report-language = 语言
report-skip = 跳到风险问题
report-contents = 目录
report-times = 时间均为 Asia/Shanghai（UTC+8）
report-generated = 检测时间 { $time }，检测工具 Hangtu { $version }
report-top = 返回顶部
report-none = 无
report-unknown = 未知
report-total = 合计
report-separator = 、
report-yes = 是
report-no = 否
report-row-limit = 共 { $total } 行，此处列出前 { $shown } 行，完整内容见 findings.json。

# 结论
report-verdict = 检测结论
report-verdict-worst = 最高风险等级
report-verdict-found = 基于 { $inputs } 份取证文件，在 { $assets } 个资产中发现风险问题 { $findings } 项。
report-verdict-times = 证据时间范围：{ $first } 至 { $last }。
report-verdict-no-time = 所有数据包均无可识别的时间。
report-verdict-clean = 未发现风险问题
report-verdict-clean-note = 未发现不等于不存在。本结论仅对下文列为“已检测”的控制点有效。
report-verdict-incomplete = 取证数据未能完整读取。对“未发现”的内容作出判断前，请先查看“检测覆盖”中的数据损坏与处理上限。
report-measured-of = 控制点已检测 { $measured } 项，共 { $total } 项
report-measured-rest = 未检测 { $missing } 项，异常 { $errors } 项

# 矩阵
report-matrix = 风险场景与等级分布
report-matrix-note = 点击数字查看对应的风险问题。
report-scenario = 风险场景
report-level = 风险等级

# 对比
report-comparison = 与上次检测对比
report-comparison-with = 基线文件 { $file }，检测时间 { $time }。
report-comparison-new = 新增
report-comparison-still = 仍存在
report-comparison-gone = 经复测已消除
report-comparison-not-retested = 未复测
report-comparison-not-retested-note = 本次取证数据无法反映以下问题，仍按未整改处理。
report-comparison-reason = 依据

# 检测覆盖
report-coverage = 检测覆盖
report-coverage-note = 说明本次检测能够看到的范围。未检测的内容不代表安全。
report-span = 时间范围
report-span-of = { $first } 至 { $last }
report-complete = 取证数据完整性
report-complete-yes = 全部文件均已读至末尾，无损坏
report-complete-no = 不完整，见数据损坏与处理上限
report-checks = 控制点检测情况
report-checks-none = 本次检测未指定控制点。
report-check = 控制点
report-check-title = 要求
report-status = 检测状态
report-status-measured = 已检测
report-status-not-measured = 未检测
report-status-error = 异常
report-rules = 规则数
report-reason = 说明
report-reason-measured = 相关规则已对能够反映问题的记录运行
report-protocols = 协议解析情况
report-protocol = 协议
report-sessions = 会话数
report-operations = 操作数
report-unreadable = 无法解析的报文
report-records = 记录数量
report-kind-operation = 工控操作
report-kind-session = 网络会话
report-kind-event = 日志事件
report-kind-file = 文件动作
report-kind-component = 软件组件
report-kind-setting = 配置项
report-kind-answer = 问卷答复
report-number = 数量
report-limits = 触及的处理上限
report-limits-none = 未触及任何处理上限，无数据丢弃。
report-limit = 上限
report-dropped = 丢弃数量
report-damage = 取证数据损坏
report-logs = 日志
report-log-host = 主机
report-log-source = 日志来源
report-log-entries = 条目数
report-log-gap = 主机最长中断（小时）
report-log-clock = 时钟比抓包快（秒）
report-accounts = 日志中出现的账户：
report-damage-none = 未发现数据损坏。
report-damage-what = 损坏情况与处理方式
report-file = 文件
report-offset = 偏移（字节）

# 风险问题
report-findings = 风险问题
report-findings-none = 未匹配任何规则，且所有需审批的操作均有授权。
report-findings-limit = 共 { $total } 项，按等级由高到低列出前 { $shown } 项，完整内容见 findings.json。
report-filter-all = 全部
report-filter-text = 按文字查找
report-filter-shown = 显示
report-filter-empty = 没有符合筛选条件的风险问题。
report-expand = 全部展开
report-collapse = 全部收起
report-finding = 风险问题
report-subject = 涉及资产
report-peer = 对端
report-class = 指令类别
report-count = 次数
report-first = 首次发现
report-last = 最近发现
report-why = 风险说明
report-unapproved = 授权核对结果
report-unapproved-nearest = 最接近的授权
report-unapproved-none = 无相近授权
report-evidence = 证据
report-evidence-limit = 共发生 { $total } 次，列出 { $shown } 条样例
report-packet = 第 { $number } 条
report-byte = 偏移 { $offset } 字节
report-fields = 字段
report-advice = 整改建议
report-false-positives = 可能的误报情形
report-controls = 对应控制点
report-techniques = ATT&CK 技术
report-fingerprint = 问题指纹
report-rule = 规则
report-risk = 可能性 × 影响程度
report-risk-of = { $likelihood } × { $impact } = { $product }（满分 25）
report-finding-new = 新增
report-finding-still = 仍存在

# 网络拓扑
report-topology = 网络拓扑
report-topology-note = 方框为安全区域。区域内自下而上为现场控制层至外部网络。连线为通信关系。
report-topology-drawn = 共 { $assets } 个资产、{ $pairs } 条连接，图中绘出 { $nodes } 个资产、{ $edges } 条连接，优先绘出存在风险问题和工控通信的部分。完整内容见下方表格。
report-topology-all = 图中绘出全部 { $assets } 个资产、{ $pairs } 条连接，详情见下方表格。
report-topology-industrial = 工控协议
report-topology-it = IT 协议
report-topology-finding = 存在风险问题
report-topology-zone-declared = 企业申报的区域
report-topology-zone-inferred = 按网段推断的区域
report-topology-scroll = 网络拓扑图，可滚动查看
report-topology-none = 取证数据中未发现资产。
report-zone-other = 其他区域
report-band-external = 外部网络
report-band-enterprise = 企业管理
report-band-operations = 生产管理
report-band-supervision = 过程监控
report-band-control = 现场控制

# 资产、通信关系、取证文件
report-assets = 资产清单
report-address = 地址
report-names = 主机名
report-identity = 设备标识
report-identity-vendor = 厂商
report-identity-model = 型号
report-identity-firmware = 固件版本
report-identity-serial = 序列号
report-interface = 网卡厂商
report-os = 操作系统
report-roles = 角色
report-zone = 安全区域
report-zone-declared = 申报
report-zone-inferred = 推断
report-serves = 提供的服务
report-uses = 使用的协议
report-macs = 物理地址
report-bytes-sent = 发送字节数
report-bytes-received = 接收字节数
report-conversations = 通信关系
report-source = 发起方
report-destination = 响应方
report-bytes = 字节数
report-verbs = 各类操作次数
report-inputs = 取证文件与检测工具
report-inputs-note = 相同的取证数据与规则得出相同的结果。使用本报告前请核对 SHA-256。
report-format = 格式
report-packets = 数据包
report-tool = 检测工具
report-tool-version = Hangtu 版本
report-rules-sha256 = 规则 SHA-256
report-rules-ran = 运行的规则数
report-matrix-name = 风险矩阵
report-matrix-sha256 = 风险矩阵 SHA-256
report-authorisations = 授权清单
report-authorisations-of = { $path }，共 { $entries } 条
report-authorisations-none = 未提供：所有需审批的操作均按未授权处理
report-authorisations-sha256 = 授权清单 SHA-256
report-examined = 检测时间
report-schema = 数据格式
report-sha256 = SHA-256

# 工作簿
report-sheet-findings = 风险问题
report-sheet-comparison = 已消除或未复测
report-sheet-assets = 资产清单
report-sheet-conversations = 通信关系
report-sheet-coverage = 检测覆盖
report-sheet-inputs = 取证文件
report-sheet-cut = 已达到工作表行数上限，其余内容见 findings.json。
report-section = 类别
report-item = 项目
report-value = 内容

# SARIF 通知与结果
report-sarif-limit = 触及处理上限：{ $name }，丢弃 { $count }
report-sarif-unmeasured = { $id } { $title }：{ $status }。{ $reason }
report-sarif-seen = { $subject }：{ $title }（{ $count } 次，{ $first } 至 { $last }，UTC+8）
report-sarif-earlier = { $subject }：{ $title }。{ $reason }

# 操作类型
report-verb-read = 读取
report-verb-write = 写入
report-verb-control = 控制
report-verb-download = 下装
report-verb-upload = 上装
report-verb-delete = 删除
report-verb-firmware = 固件更新
report-verb-start = 启动
report-verb-stop = 停止
report-verb-restart = 重启
report-verb-configure = 配置
report-verb-set-time = 对时
report-verb-authenticate = 身份认证
report-verb-identify = 设备识别
report-verb-diagnose = 诊断
report-verb-subscribe = 订阅
report-verb-unsubscribe = 取消订阅
report-verb-report = 主动上报
report-verb-connect = 建立连接
report-verb-disconnect = 断开连接
report-verb-other = 其他

# 资产角色
role-controller = 控制器
role-engineering-station = 工程师站
role-hmi = 操作员站（HMI）
role-historian = 历史数据库
role-gateway = 网关
role-rtu = 远程终端单元（RTU）
role-rtu-master = RTU 主站
role-scada-server = SCADA 服务器
role-server = 服务器
role-workstation = 办公终端
role-file-server = 文件服务器
role-domain-controller = 域控制器
role-dns-server = DNS 服务器
role-dhcp-server = DHCP 服务器
role-router = 路由器
role-remote-access-client = 远程接入客户端
role-remote-access-server = 远程接入服务器
role-printer = 打印机
role-camera = 摄像机
role-external = 外部主机
role-unknown = 未知

# 无授权的原因
reason-none = 无相近授权
reason-wrong-window = 超出批准时段
reason-wrong-source = 来源站点不符
reason-wrong-asset = 目标资产不符
reason-wrong-verb = 操作类型不符
reason-wrong-protocol = 协议不符
reason-wrong-object = 操作对象不符
reason-wrong-person = 操作人员不符
reason-not-yet-valid = 授权尚未生效
reason-expired = 授权已过期
reason-revoked = 授权已撤销
report-not-measured-list = 本次证据未测的控制点 { $count } 个及原因
report-scenario-all = 全部四类

# Timeline
report-timeline = 时间线
report-timeline-note = 各问题的样例按时间排列。问题清单上方的筛选在此同样有效。
report-time = 时间
