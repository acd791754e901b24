# What is wrong with rules: files that cannot be read, rules that cannot fire here, packs that are not taken.
# The library says the same in English; the tests of the catalogue hold the two together.
rules-in-file = { $file }: { $why }
rules-in-document = { $file }: document { $document }: { $why }
rules-in-place = { $file }: document { $document }: { $at }: { $why }
rules-of-rule = { $title } ({ $file }): { $why }
rules-of-block = { $file }: rule { $rule }: { $why }

rules-yaml = not readable as YAML: { $why }
rules-form = does not keep to the form: { $why }
rules-file-large = { $bytes } bytes; a rule file has at most { $limit }
rules-missing = missing `{ $key }`
rules-key = `{ $key }` is { $found }, not { $expected }
rules-no-selection = condition names `{ $name }`, and no selection is called that

rules-expected = expected { $why }
rules-expected-map = a map of keys
rules-expected-one-body = `detection`, `correlation` or `filter`, only one of them
rules-expected-one-document = one document
rules-expected-related = a list of `id` and `type`
rules-expected-selections = a map of selections
rules-expected-timespan = a number and s, m, h, d, w, M or y
rules-expected-text-or-texts = text or a list of texts
rules-expected-selection = a map or list that is not empty
rules-expected-values = at least one value
rules-expected-scalar = a single value or a list of them
rules-expected-text = text
rules-expected-texts = a list of texts
rules-expected-bool = true or false
rules-expected-number = a number to compare with
rules-expected-bounds = a map of bounds
rules-expected-aliases = a map of alias, rule name and field
rules-expected-rule-before = a rule before it to repeat
rules-expected-times = how often the record comes
rules-expected-step = a step such as 500ms, 1s or 2m
rules-expected-time = an RFC 3339 time
rules-expected-kind = a kind of record

rules-unknown-modifier = unknown modifier `{ $word }`
rules-unknown-action = unknown action `{ $word }`
rules-unknown-level = unknown level `{ $word }`
rules-unknown-status = unknown status `{ $word }`
rules-unknown-correlation = unknown correlation type `{ $word }`
rules-unknown-bound = unknown bound `{ $word }`

rules-modifier-flags = `i`, `m` and `s` follow `re`
rules-modifier-twice = the same modifier twice
rules-modifier-comparisons = more than one of `lt`, `lte`, `gt` and `gte`
rules-modifier-time-parts = more than one part of the time
rules-modifier-positions = more than one of `contains`, `startswith`, `endswith`
rules-modifier-field-ref = `fieldref` only goes with text positions and `neq`
rules-modifier-kinds = numbers, `re`, `cidr` and `exists` exclude each other
rules-modifier-text = a text modifier beside numbers, `re`, `cidr`, `exists`
rules-modifier-windash = `windash` beside an encoding
rules-modifier-no-field = this modifier needs a field

rules-condition-unexpected = condition: `{ $word }` is not expected there
rules-condition-not-a-selection = condition: `{ $word }` stands where a selection should
rules-condition-parenthesis = condition: a parenthesis is not closed
rules-condition-ends = condition: it ends where a selection should stand
rules-condition-of = condition: `of` is followed by `them` or a name

rules-more-words = more than { $limit } words in a condition
rules-more-condition-levels = more than { $limit } levels in a condition
rules-more-conditions = more than { $limit } conditions
rules-more-selection-levels = more than { $limit } levels in a selection
rules-more-values = more than { $limit } values in a rule
rules-more-rules = more than { $limit } rules
rules-more-copied = more than { $limit } bytes copied by actions
rules-more-records = more than { $limit } records in a case

rules-unsupported-aggregation = an aggregation in a condition is not supported
rules-unsupported-words = a condition over rules in words is not supported
rules-unsupported-repetition = a rule twice in the order of `temporal_ordered` is not supported

rules-no-input = needs a log no input offers: { $source }
rules-aggregation = the aggregation `| { $text }` is not supported; write a correlation instead
rules-regex = { $field }: regular expression not usable: { $why }
rules-placeholder = placeholder %{ $name }% has no value here; what uses it matches nothing
rules-no-rule = refers to the rule `{ $rule }`, which is not there
rules-deaf = refers to the rule `{ $rule }`, which cannot fire here
rules-filter-source = its log source is not that of the rule `{ $rule }`, which it leaves alone
rules-filter-target = `{ $rule }` is a correlation; filter the rules it counts
rules-cycle = refers to itself through other correlations
rules-duplicate = `{ $rule }` is also the id or name of another rule; references go to the first
rules-taken = a rule before it is called `{ $name }` already; give it an `id` of its own
rules-field = records of its kind have no field `{ $name }`
rules-beyond = its condition asks for more than the { $limit } that a window is counted to

rules-value = { $field }: { $why }
rules-value-exists = `exists` takes true or false
rules-value-number = the modifier takes a number
rules-value-field-ref = `fieldref` takes a field's name
rules-value-null = null does not go with these modifiers
rules-value-not-finite = not a number that can be compared
rules-value-network = `cidr` takes a network like 10.0.0.0/8
rules-value-wildcards = an encoded value cannot have wildcards
rules-value-no-text = the encoded value is no text; add `base64`
rules-value-expanded = the placeholders expand to more than { $limit } values
rules-value-no-name = a field's name is empty

rules-excess = the rule is too much: { $why }
rules-excess-fields = the rules have too many fields
rules-excess-tests = the rules have too many values
rules-excess-values = its values expand to too many
rules-excess-condition = its condition repeats large selections
rules-excess-regexes = it has too many regular expressions
rules-excess-regex = one of its regular expressions alone grows too large
rules-excess-all-regexes = its regular expressions and those of the rules before it cost more than all may

rules-block-form = its `hangtu` block does not keep to the form: { $why }
rules-block-grades = likelihood and impact go from 1 to 5
rules-block-control = there is no control point { $id }
rules-block-field = what it matches has no field `{ $name }`

rules-pack-id = { $title }: it needs an `id` of its own, of 1 to 64 visible ASCII characters
rules-pack-filter = { $title }: a filter would silence other rules
rules-pack-taken = { $title }: a rule of ours is called `{ $name }` already
rules-pack-none = there is no rule in it
