# 命令行与报告共用的名称。
scenario-ransomware = 勒索病毒
scenario-vuln_backdoor = 漏洞后门
scenario-personnel = 人员违规操作
scenario-remote_om = 非受控远程运维
level-light = 轻微
level-low = 低
level-medium = 中
level-high = 高
level-major = 重大
