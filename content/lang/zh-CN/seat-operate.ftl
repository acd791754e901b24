# 系统运维。
nav-operate = 系统运维
operate-version = 版本
operate-database = 数据库
operate-database-sqlite = 内嵌数据库（SQLite）
operate-database-postgres = PostgreSQL
operate-free = 磁盘可用空间
operate-read-only = 不可写入
operate-started = 启动时间
operate-backup = 备份
operate-backup-about = 包含数据库和全部文件的一致副本、各文件的哈希值以及审计日志的签名状态，制作期间可照常使用。hangtu restore 在全部校验通过后才报告恢复成功。
operate-backup-postgres = 当前使用 PostgreSQL：此备份只含文件。请随后用 pg_dump 备份数据库（见 docs/operate.zh-CN.md）。
operate-backup-keys = 包含签名密钥
operate-backup-keys-hint = 恢复后要继续以本站点名义签名，须包含密钥。持有密钥者可以本站点名义签名，此类备份须妥善保管。
operate-backup-make = 制作并下载
