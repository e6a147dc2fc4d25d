"""Many generations asked for as one: read, checked row by row, made within a cap.

reading  what was given, as rows of words      checking  each row's price, or what is wrong with it
steering what people do with a batch           quoting   what the rows that wait come to now
making   what the job does with one that runs  progress  how far it is
"""
