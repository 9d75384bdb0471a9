"""``chatctl audit-rls``: check the access rules by impersonating users, in a transaction that is rolled back.

The packages, each of which imports only those below it (pyproject.toml has the contract):

    run          the verb: one audit from beginning to end; ``explain`` does the same for one cell
    mutation     breaks the rules one at a time, and checks that the audit detects it
    formats      renders a report; ``baseline`` removes accepted findings from it
    report       the data of a report
    verdicts     compares outcomes with expectations: findings, cells, what was not tried
    trials       runs probes and records their outcomes
    probes       generates the statements to try, with what is expected of each
    stage        the people and rows that probes run on, and the transaction around them
    inventory    what the database's catalogue says is reachable
    findings     what a finding is, what its rule means, which file and line it is about
    access       access.yaml
"""
