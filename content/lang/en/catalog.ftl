credit-code-length = A unified social credit code has 18 characters; this one has { $found }.
credit-code-character = “{ $found }” cannot stand at position { $position } of a unified social credit code. The letters I, O, S, V and Z do not occur in it, and positions 3 to 8 are digits.
credit-code-check = The last character would be { $expected }, not { $found }: compare the code with the business licence.
