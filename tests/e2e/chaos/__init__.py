"""Real processes under fire: days on which everything is killed, paused and cut off.

plan        what a day is like and what befalls it, drawn from a seed
relay       a TCP relay between the processes, which cuts, swallows and delays
house       the central's processes
seller      an agency, in all its lives
client      one that writes down every answer before it believes it
day         the faults in their time, and the calm afterwards
invariants  what has to be true then, from the clients' own records
season      draws in a row and side by side, in one central that is killed
machines    days of two centrals on a replicated PostgreSQL, of which machines are lost
soak        days one after another, and a report (scripts/soak)
"""
