# Names shared by the command line and the reports.
scenario-ransomware = Ransomware
scenario-vuln_backdoor = Vulnerabilities and back-doors
scenario-personnel = Illegal operations by personnel
scenario-remote_om = Uncontrolled remote operation and maintenance
level-light = Light
level-low = Low
level-medium = Medium
level-high = High
level-major = Major
