    # What follows is the same for every program; scripts/documents puts what is above it.
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local words='' choices='' verb taken='' i
    # --name=value is three words to bash.
    if [[ $word == = ]]; then
        word=
    elif [[ $before == = ]]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [[ ${COMP_WORDS[i]} != -* ]]; then
            words+="${COMP_WORDS[i]} "
        elif [[ $valued == *" ${COMP_WORDS[i]} "* ]]; then
            if [[ ${COMP_WORDS[++i]} == = ]]; then ((i++)); fi
        fi
    done
    COMPREPLY=()
    if [[ $files == *" $before "* ]]; then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
    elif [[ $levels == *" $before "* ]]; then
        choices='CRITICAL ERROR WARNING INFO DEBUG'
    elif [[ $whens == *" $before "* ]]; then
        choices='all-asked never'
    elif [[ $hows == *" $before "* ]]; then
        choices='entered random'
    elif [[ $forms == *" $before "* ]]; then
        choices='text json'
    elif [[ $valued == *" $before "* ]]; then
        return
    elif [[ $word == -* ]]; then
        # Of a verb's options those that it takes; all of them before there is a verb.
        choices=$options
        for i in "${!verbs[@]}"; do
            verb=${verbs[i]}
            if [[ $words == "$verb"* && ${#verb} -gt ${#taken} ]]; then
                taken=$verb
                choices="$all ${takes[i]// / --}"
            fi
        done
        choices=${choices// -- / }
    else
        for verb in "${verbs[@]}"; do
            if [[ $verb == "$words"?* ]]; then
                verb=${verb#"$words"}
                choices+=" ${verb%% *}"
            fi
        done
        for verb in "${paths[@]}"; do
            if [[ -z $choices && $words == "$verb"* ]]; then
                compopt -o filenames 2>/dev/null
                mapfile -t COMPREPLY < <(compgen -f -- "$word")
                return
            fi
        done
    fi
    mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word" | sort -u)
